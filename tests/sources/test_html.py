from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sources.html import _Reader, html_to_text  # pyright: ignore[reportPrivateUsage]
from sources.media import drop_media_links, is_media_url

LINK = (
    '<a href="https://t.me/zorblat_77?x=1&amp;y=2" rel="nofollow noopener" target="_blank">'
    '<span class="invisible">https://</span><span class="ellipsis">t.me/zorblat</span>'
    '<span class="invisible">_77?x=1&amp;y=2</span></a>'
)


@pytest.mark.parametrize(
    ("html", "text", "media"),
    [
        ("", "", 0),
        ("plain  words", "plain words", 0),
        ("a &amp; b &lt;3 &#x41;", "a & b <3 A", 0),
        ("<p>one</p><p>two<br>three</p>", "one\n\ntwo\nthree", 0),
        ("<p>one<br/>two<br />three</p>", "one\ntwo\nthree", 0),
        ("<ul><li>a</li><li>b</li></ul>", "a\nb", 0),
        (LINK, "https://t.me/zorblat_77?x=1&y=2", 0),
        (f"<p>see {LINK}!</p>", "see https://t.me/zorblat_77?x=1&y=2!", 0),
        ('<a href="https://t.me/zorblat_77">my channel</a>', "my channel (https://t.me/zorblat_77)", 0),
        ('<a href="https://t.me/zorblat_77">t.me/zorbl…</a>', "https://t.me/zorblat_77", 0),
        (
            '<a href="mailto:desk@operator.example?subject=x">desk@operator.example</a>',
            "desk@operator.example",
            0,
        ),
        ('<a href="https://s.example/tags/map" class="mention hashtag" rel="tag">#<span>map</span></a>', "#map", 0),
        (
            '<a href="https://s.example/@zorblat_77" class="u-url mention">@<span>zorblat_77</span></a>',
            "@zorblat_77",
            0,
        ),
        ('<a href="javascript:x()">words</a> <a href="#top">up</a> <a>none</a>', "words up none", 0),
        ('x <img src="https://a.example/b.png" alt="alt"> y', "x y", 1),
        ('<a href="https://i.redd.it/b">see this</a>', "see this", 1),
        ('<a href="https://a.example/b.jpg">a.example/b.jpg</a>', "", 1),
        ("<video><source src='x'>fallback</video>after", "after", 1),
        ("<script>bad <b>x</b></script>ok<style>p {}</style><!-- note --> fine<![CDATA[x]]>", "ok fine", 0),
        ("1 < 2 and 3 > 2", "1 < 2 and 3 > 2", 0),
        ("a <b>c", "a c", 0),
        ("unclosed <a href='x", "unclosed <a href='x", 0),
        ("<P>Upper</P><A HREF='https://a.example/x'>w</A>", "Upper\n\nw (https://a.example/x)", 0),
        ("<a title='>' href=https://a.example/x>w</a>", "w (https://a.example/x)", 0),
        (
            "<a href='https://a.example/1'>one<a href='https://a.example/2'>two</a>",
            "one (https://a.example/1)two (https://a.example/2)",
            0,
        ),
        ("<pre>a\n  b</pre>", "a\nb", 0),
        ("a<p><p><p><br><br>b", "a\n\nb", 0),
    ],
)
def test_what_a_reader_sees(html: str, text: str, media: int) -> None:
    assert html_to_text(html) == (text, media)


@given(st.text(alphabet="<>/a\"'=!- &;pbr\n[]", max_size=300))
def test_any_input_gives_a_text(html: str) -> None:
    text, media = html_to_text(html)
    assert media >= 0
    assert text == text.strip()


@pytest.mark.parametrize(
    "unit", ['<a "', "<a", "<!--", "<a x='\" ", "<a x=", "< ", "<p> \n", "&", "<![CDATA[", "<a href=x>a", "<pre> "]
)
def test_cost_grows_with_the_length_only(unit: str) -> None:
    # Quadratic behaviour would take minutes on these; the suite's own time limit tells.
    html_to_text(unit * 100_000)
    html_to_text("<a " + unit * 100_000 + ">")


@pytest.mark.parametrize(
    "url",
    [
        "https://a.example/b.PNG",
        "https://a.example/b.jpg?width=3",
        "https://a.example/b.jpeg:large",
        "https://i.redd.it/abc",
        "https://www.reddit.com/media?url=https%3A%2F%2Fi.redd.it%2Fabc.png",
        "https://reddit.com/link/abc/video/def/player",
        "https://www.reddit.com/gallery/abc",
        "https://cdn.bsky.app/img/x@jpeg",
        "https://va.media.tumblr.com/tumblr_x",
        "https://cdn4.telesco.pe/file/x",
        "https://www.redgifs.com/watch/x",
        "data:image/png;base64,AAAA",
        "blob:https://a.example/1",
    ],
)
def test_media_urls(url: str) -> None:
    assert is_media_url(url)


@pytest.mark.parametrize(
    "url",
    [
        "https://a.example/png",
        "https://t.me/zorblat_77",
        "https://[broken",
        "",
        "x.png/y",
        "https://www.reddit.com/r/maps/comments/abc/gallery/",
    ],
)
def test_other_urls(url: str) -> None:
    assert not is_media_url(url)


@pytest.mark.parametrize(
    ("text", "left", "count"),
    [
        ("nothing: here", "nothing: here", 0),
        ("see https://i.redd.it/x.png.", "see .", 1),
        ("![a cat](https://a.example/x) words", " words", 1),
        ("![gif](giphy|abc) words", " words", 1),
        ("[words](https://preview.redd.it/x?y=1)", "words", 1),
        ("[https://i.redd.it/x](https://i.redd.it/x)", "", 1),
        (
            "[map](https://maps.example/a) https://t.me/zorblat_77",
            "[map](https://maps.example/a) https://t.me/zorblat_77",
            0,
        ),
        ("x data:image/png;base64,AAAA= y", "x  y", 1),
        ("(https://a.example/b.gif)", "()", 1),
        ('a "https://a.example/b.mp4" b', 'a "" b', 1),
    ],
)
def test_links_to_media_are_dropped_and_counted(text: str, left: str, count: int) -> None:
    assert drop_media_links(text) == (left, count)


_PIECES = (
    "<p>", "</p>", "<br>", "<br/>", "<br />", "<wbr>", "</a>", "<span>", "</span>", "<SPAN class='x'>", "<B>", "</li>",
    '<a href="https://a.example/x?a=1&amp;b=2" rel="tag">', '<a href="#p1" class="quotelink">', "<a href=/x>",
    '<a href="https://a.example/pic.png">', "<a title='a>b' href=\"https://b.example\">", '<a title="a<b">', "<a>",
    '<span title="a>b">', "<pre>", "</pre>", "<img src=x>", '<img alt="a>b">', "<script>", "</script>", "<!-- x -->",
    "< ", "<", ">", "<3", "</", "&amp;", "&lt;p&gt;", " ", "  ", "\n", "\t", "words", "https://a.example/x", "'", '"',
    "<li>", "<ul>", "<h1 >", "</p >", "<p\n>", "<unknown>", "<x-y z>", "<video>", "</video>", "<a/>", "<span/>",
)  # fmt: skip


@given(st.lists(st.sampled_from(_PIECES), max_size=25))
def test_reading_quickly_gives_what_reading_step_by_step_gives(pieces: list[str]) -> None:
    html = "".join(pieces)
    assert _Reader(html).read_quickly() in {None, _Reader(html).read()}


@pytest.mark.parametrize(
    "attributes",
    [
        'href="https://a.example/x" rel="nofollow"',
        'rel="nofollow"  href="https://a.example/x"',
        'HREF="https://a.example/x"',
        'rel=nofollow\nhref="https://a.example/x"',
        'data-n="1" href="https://a.example/x"',
        'title="a=b, mention" href="https://a.example/x" class=""',
        'href="https://b.example" href="https://a.example/x"',
        'href="https://a.example/x" rel=""',
    ],
)
def test_a_link_is_found_however_its_attributes_are_written(attributes: str) -> None:
    assert html_to_text(f"<a {attributes}>here</a>").text == "here (https://a.example/x)"


@pytest.mark.parametrize(
    ("text", "left", "media"),
    [
        ("a ![img](must-not-appear 'a caption') b", "a  b", 1),
        ('a ![gif](giphy|must-not-appear|downsized "x") b', "a  b", 1),
        ("![x](https://h.example/must-not-appear_(1).png) b", " b", 1),
        ("![x](<https://h.example/must not-appear.png>) b", " b", 1),
        ("![x]( /must-not-appear.png (a caption) ) b", " b", 1),
        ("![a](((must-not-appear) b", " b", 1),
        ("no ![image here", "no ![image here", 0),
    ],
)
def test_markdown_s_images_go_in_every_form(text: str, left: str, media: int) -> None:
    assert drop_media_links(text) == (left, media)


def test_many_beginnings_of_images_cost_no_more_than_their_length() -> None:
    begun = time.perf_counter()
    assert drop_media_links("![a](" * 20_000) == ("![a](" * 20_000, 0)
    assert time.perf_counter() - begun < 5
