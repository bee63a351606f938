"""What only Telegram's preview pages do."""

from __future__ import annotations

import json

import httpx
import pytest

from monitor.errors import AuthError, ConfigError
from monitor.net.errors import BadAnswerError
from monitor.plugins import source_plugins
from monitor.ports import Known, Seen, Standing
from monitor.post import PostRef, text_hash
from monitor.records import to_record
from monitor.sourcing import make_options
from tests.sources.telegram_world import MEDIA, FakeTelegram
from tests.sources.worlds import MEDIA_MARK, harvest, opened_source

TEXT = '<div class="tgme_widget_message_text js-message_text" dir="auto">{}</div>'


@pytest.fixture
def server() -> FakeTelegram:
    return FakeTelegram()


async def test_a_message_becomes_a_post(server: FakeTelegram) -> None:
    body = (
        '<div class="tgme_widget_message_forwarded_from accent_color">Forwarded from&nbsp;<a class="'
        'tgme_widget_message_forwarded_from_name" href="https://t.me/other_zorb/45"><span>Other</span></a></div>'
        '<a class="tgme_widget_message_reply" href="https://t.me/zorblat_news/3">'
        '<div class="tgme_widget_message_author"></div>'
        '<div class="tgme_widget_message_text js-message_text js-message_reply_text">not mine</div></a>'
        + TEXT.format(
            'See <a href="https://t.me/quibdrem" target="_blank">@quibdrem</a><br/><b>now</b> &amp; '
            '<a href="https://a.example/x?a=1&amp;b=2" onclick="return confirm(1)">here</a> '
            '<a href="?q=%23map">#map</a> <i class="emoji" style="background-image:url(\'//x\')"><b>😀</b></i>'
        )
    )
    post_id = server.add_raw(lambda raw: raw.update(body=body, edited=True))
    post = (await server.collect()).posts[0]
    assert to_record(post) == {
        "platform": "telegram",
        "id": post_id,
        "instance": None,
        "url": "https://t.me/zorblat_news/1",
        "created_at": "2026-11-01T10:00:20Z",
        "first_seen_at": "2026-11-01T12:00:00Z",
        "edited_at": "2026-11-01T12:00:00Z",
        "author": {
            "id": "zorblat_news",
            "handle": "zorblat_news",
            "name": "Zorblat & news",
            "bio": "All about maps\nAsk @quibdrem",
        },
        "title": None,
        "text": "See @quibdrem\nnow & here (https://a.example/x?a=1&b=2) #map 😀",
        "tags": ["map"],
        "community": "Zorblat & news",
        "community_description": "All about maps\nAsk @quibdrem",
        "lang": None,
        "reply_to": "zorblat_news/3",
        "quotes": "other_zorb/45",
        "cid": None,
        "media_count": 0,
    }


async def test_no_media_passes_from_any_place_where_there_can_be_some(server: FakeTelegram) -> None:
    style = f"style=\"background-image:url('{MEDIA}')\""
    body = (
        f'<a class="tgme_widget_message_photo_wrap" href="{MEDIA}" {style}></a>'
        f'<a class="tgme_widget_message_video_player" href="{MEDIA}">'
        f'<i class="tgme_widget_message_video_thumb" {style}></i><video src="{MEDIA}"></video></a>'
        f'<a class="tgme_widget_message_voice_player"><audio src="{MEDIA}"></audio></a>'
        f'<div class="tgme_widget_message_sticker_wrap"><i class="tgme_widget_message_sticker" {style}></i></div>'
        f'<a class="tgme_widget_message_document_wrap" href="{MEDIA}"><div class="tgme_widget_message_document_title">'
        f"{MEDIA_MARK}.pdf</div></a>"
        + TEXT.format(TEXT.format(f'words {MEDIA} <a href="{MEDIA}">{MEDIA}</a><img src="{MEDIA}">'))
        + f'<a class="tgme_widget_message_link_preview" href="https://b.example/y"><i class="link_preview_right_image" '
        f'{style}></i><div class="link_preview_site_name">B</div><div class="link_preview_title">A title</div>'
        f'<div class="link_preview_description">More {MEDIA} words</div></a>'
    )
    server.add_raw(lambda raw: raw.update(body=body))
    post = (await server.collect()).posts[0]
    assert MEDIA_MARK not in json.dumps(to_record(post))
    assert post.text == "words\nA title\nMore  words\nhttps://b.example/y"
    assert post.media_count == 9


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ('<a class="tgme_widget_message_photo_wrap"></a>', ""),
        ('<div class="message_media_not_supported_wrap"><div class="message_media_not_supported"></div></div>', ""),
        ('<a class="tgme_widget_message_location_wrap"></a>', ""),
        (
            '<div class="tgme_widget_message_poll"><div class="tgme_widget_message_poll_question">Which?</div>'
            '<div class="tgme_widget_message_poll_option_text">One</div>'
            '<div class="tgme_widget_message_poll_option_text">Two</div></div>',
            "Which?\nOne\nTwo",
        ),
    ],
)
async def test_messages_without_a_text_of_their_own(server: FakeTelegram, body: str, text: str) -> None:
    server.add_raw(lambda raw: raw.update(body=body))
    found = await server.collect()
    assert [post.text for post in found.posts] == [text]
    assert found.bad == []


async def test_a_signature_is_part_of_the_name(server: FakeTelegram) -> None:
    signed = TEXT.format("x") + '<span class="tgme_widget_message_from_author" dir="auto">quibdrem</span>'
    server.add_raw(lambda raw: raw.update(body=signed))
    assert (await server.collect()).posts[0].author.name == "Zorblat & news (quibdrem)"


@pytest.mark.parametrize(("name", "why"), [("", "no data-post"), ("zorblat_news/x", "no data-post")])
async def test_a_message_without_its_name_is_reported(server: FakeTelegram, name: str, why: str) -> None:
    added = server.add(1)
    server.add_raw(lambda raw: raw.update(name=name))
    server.add_raw(lambda raw: raw.update(at=None))
    found = await server.collect()
    assert found.ids == added
    assert [bad.why for bad in found.bad] == [why, "no time"]


async def test_service_messages_are_no_posts(server: FakeTelegram) -> None:
    added = server.add(1)
    server.messages.append({"number": 2, "at": server.messages[0]["at"], "text": "pinned", "more": ""})
    page = server.message(server.messages[-1]).replace('js-widget_message"', 'js-widget_message service_message"')
    server.messages[-1]["body"] = ""
    server.message = lambda raw, made=server.message: page if raw["number"] == 2 else made(raw)  # type: ignore[method-assign]
    found = await server.collect()
    assert (found.ids, found.bad) == (added, [])


async def test_a_server_that_ignores_parameters_is_read_once(server: FakeTelegram) -> None:
    added = server.add(30)
    server.ignores_parameters = True
    found = await server.collect()
    assert sorted(found.ids) == sorted(added[-20:])
    assert len(server.requests) == 2


async def test_a_channel_without_preview_is_out_of_reach_and_stops_no_other(server: FakeTelegram) -> None:
    added = server.add(2)
    server.options["channels"] = "gone_quib, https://t.me/s/zorblat_news"
    found = await server.collect()
    assert sorted(found.ids) == sorted(added)
    assert {interval.scope: interval.state for interval in found.coverage} == {
        "gone_quib": Seen.OUT_OF_REACH,
        "zorblat_news": Seen.SEEN,
    }
    server.options["channels"] = "gone_quib"
    with pytest.raises(AuthError, match="no preview"):
        await server.collect()


async def test_a_page_that_breaks_off_is_asked_for_again(server: FakeTelegram) -> None:
    added = server.add(5)
    half = server.page({})[:-2000]
    server.faults += [lambda request: httpx.Response(200, html=half)]
    assert sorted((await server.collect()).ids) == sorted(added)


async def test_pages_are_read_slowly_but_not_on_loopback(server: FakeTelegram) -> None:
    server.add(50)
    await server.collect()
    assert server.time.waits == [3.0, 3.0]
    server.time.waits.clear()
    server.options["base_url"] = "http://127.0.0.1:9"
    await harvest("telegram", server.options, server, None, batches=None, pages=None)
    assert server.time.waits == []


@pytest.mark.parametrize("channels", ["", "a b", "joinchat/AAAA-x", "https://example.org/x", "+AbCd"])
def test_only_names_of_channels_are_taken(channels: str) -> None:
    with pytest.raises(ConfigError, match="channels"):
        make_options(source_plugins()["telegram"], {"channels": channels}, env={})


def test_a_channel_is_read_once_however_it_is_written() -> None:
    given = "zorblat, @Zorblat, https://t.me/s/zorblat, t.me/zorblat/17"
    assert len(make_options(source_plugins()["telegram"], {"channels": given}, env={}).channels) == 1


async def test_a_recheck_needs_a_page_for_all_posts_that_it_spans(server: FakeTelegram) -> None:
    added = server.add(70)
    before = {post.id: text_hash(post) for post in (await server.collect()).posts}
    server.edit(added[60], "something else")
    server.delete(added[61])
    server.delete(added[2])
    names = [added[60], added[61], added[62], added[2], added[1], "other_zorb/1", "nonsense"]
    known = [Known(ref=PostRef("telegram", name), text_hash=before.get(name)) for name in names]
    server.requests.clear()
    async with opened_source("telegram", server) as source:
        found = await source.recheck(known)
    assert [answer.standing for answer in found] == [
        Standing.EDITED,
        Standing.UNAVAILABLE,
        Standing.UP,
        Standing.UNAVAILABLE,
        Standing.UP,
        Standing.UNKNOWN,
        Standing.UNKNOWN,
    ]
    assert len(server.requests) == 4  # one of them is the other channel's, sent on once


async def test_an_error_in_a_recheck_is_unknown(server: FakeTelegram) -> None:
    added = server.add(3)
    server.faults += [lambda request: httpx.Response(500)] * 9
    async with opened_source("telegram", server) as source:
        (answer,) = await source.recheck([Known(ref=PostRef("telegram", added[0]))])
    assert answer.standing is Standing.UNKNOWN


async def test_a_server_that_ignores_parameters_proves_nothing_gone(server: FakeTelegram) -> None:
    added = server.add(50)
    server.ignores_parameters = True
    async with opened_source("telegram", server) as source:
        (answer,) = await source.recheck([Known(ref=PostRef("telegram", added[0]))])
    assert answer.standing is Standing.UNKNOWN


async def test_a_post_is_shown_again_as_it_is_now(server: FakeTelegram) -> None:
    added = server.add(30)
    server.edit(added[3], "something else")
    server.delete(added[4])
    async with opened_source("telegram", server) as source:
        now = await source.refresh(Known(ref=PostRef("telegram", added[3])))
        assert now is not None
        assert now.text == "something else"
        assert await source.refresh(Known(ref=PostRef("telegram", added[4]))) is None
        with pytest.raises(BadAnswerError):
            await source.refresh(Known(ref=PostRef("telegram", "nonsense")))
        server.ignores_parameters = True
        with pytest.raises(BadAnswerError):
            await source.refresh(Known(ref=PostRef("telegram", added[0])))


async def test_the_doctor_reads_every_channel(server: FakeTelegram, monkeypatch: pytest.MonkeyPatch) -> None:
    server.add(3)
    server.options["channels"] = "zorblat_news,gone_quib"
    answer = server.handle

    def late(request: httpx.Request) -> httpx.Response:
        response = answer(request)
        response.headers["Date"] = "Sun, 01 Nov 2026 11:50:00 GMT"
        return response

    monkeypatch.setattr(server, "handle", late)
    async with opened_source("telegram", server) as source:
        found = {finding.what: finding for finding in await source.check()}
    assert {what: finding.well for what, finding in found.items()} == {
        "clock": False,
        "channel zorblat_news": True,
        "channel gone_quib": False,
    }
    assert found["channel zorblat_news"].said == "3 posts on its newest page"


async def test_other_forms_of_a_message_are_read(server: FakeTelegram) -> None:
    body = (
        '<a class="tgme_widget_message_reply user-color-default" href="https://t.me/zorblat_news/3" ">'
        '<div class="tgme_widget_message_text js-message_reply_text">not mine</div></a>'
        '<a class="tgme_widget_message_video_player"><time class="message_video_duration">0:12</time></a>'
        '<div class="tgme_widget_message_text">plain</div><time datetime="2026-11-01T10:00:00+00:00"></time>'
    )
    server.add_raw(lambda raw: raw.update(body=body, at=None))
    post = (await server.collect()).posts[0]
    assert (post.text, post.reply_to, post.media_count) == ("plain", "zorblat_news/3", 1)
    assert post.created_at is not None
