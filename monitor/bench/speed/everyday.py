"""Everyday texts in several languages, for machines without real posts. Made of words, so easier than real ones."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from typing import Final

_ENGLISH: Final = """
the and to of in it is that for was on you with as but at this have not be are my we they so all from one or by what
about when there just can if out up had like has who get would your more some time will how them then their no time
after good people know think way back work year day new first want really going much right still never last little
found thought made bought asked house water kitchen garden winter summer morning evening weekend train station bus
road river mountain bread coffee cheese apple soup salt recipe oven dinner table window door paint wood hammer shelf
dog cat horse bird music guitar song album concert film series season episode actor book chapter story writer game
level player team match score coach league race bike engine oil tyre car driver parking city street shop price cheap
sale order delivery box letter phone screen battery camera photo picture computer keyboard update version code server
error file folder language teacher lesson exam university job boss office meeting project report holiday flight
airport hotel beach weather rain snow wind doctor sleep run walk swim breakfast question answer idea problem advice
help thanks sorry please maybe probably actually finally yesterday today tomorrow together always sometimes often
blue green yellow small large heavy quiet strange simple careful happy tired curious proud line signal session wire
element matrix map channel message account profile link page comment thread community user add send write read
""".split()  # noqa: SIM905 - words, not a list to maintain
_OTHERS: Final = {
    "es": "el la de que y en un los se por con para una como pero más este todo ya muy casa agua trabajo día gente "
    "también cuando ciudad comida mañana música película juego equipo coche precio tiempo noche gracias según año",
    "de": "der die und in den von zu das mit sich des auf für ist im dem nicht ein eine als auch es an werden aus er "
    "hat dass sie nach wird bei Haus Wasser Straße Küche Stück Fahrrad Zug Bahnhof Wetter heute morgen schön größer",
    "pt": "o a de que e do da em um para com não uma os no se na por mais as dos como mas foi ao ele das tem à seu "
    "casa água cidade trabalho amanhã música coração também está são então ninguém pão feijão irmão",
    "id": "yang dan di itu dengan untuk tidak ini dari dalam akan pada juga saya ke karena tersebut bisa ada mereka "
    "lebih sudah atau saat oleh sebagai rumah air pasar makan minum jalan kota besok pagi malam hujan",
    "ru": "и в не на я быть он с что а по это она этот к но они мы весь который из у свой вы так за для от год дом "
    "вода город работа музыка книга погода поезд завтра утром вечером хорошо спасибо почему",
    "ko": "이 그 것 수 등 들 및 에서 그리고 하지만 오늘 내일 정말 너무 좋아요 영화 음악 날씨 사람 시간 집 물 커피 "
    "도시 기차 여행 친구 점심 저녁 재미있는 배우 연기 최고 감동 다시 봐도 추천합니다",
    "ja": "今日 明日 天気 映画 音楽 電車 駅 仕事 料理 とても 楽しい です ました 美味しい 旅行 写真 本 を 読んだ "
    "家 水 町 友達 ありがとう 面白い 週末 また 行きたい",
    "ar": "في من على إلى هذا أن كان مع هو التي عن اليوم غدا جميل بيت ماء مدينة عمل كتاب موسيقى قطار طعام شكرا جدا",
    "hi": "है के में की और से को यह पर नहीं था कि भी एक आज कल घर पानी शहर काम किताब संगीत बहुत अच्छा धन्यवाद मौसम",
    "am": "እና ነው ላይ ውስጥ ከ ወደ ዛሬ ነገ ቤት ውሃ ከተማ ሥራ መጽሐፍ ሙዚቃ በጣም ጥሩ አመሰግናለሁ",
}
_ENDS: Final = (". ", ". ", ". ", "! ", "? ", "... ", ".\n", "\n\n", " :) ", " 😂 ", " - ", ", ")
_SHARE: Final = 0.6
"""Of texts in English."""


def everyday_texts() -> Iterator[str]:
    """Texts of 20 to 3,000 characters without end, most of them short."""
    rng = random.Random("everyday")  # noqa: S311 - the same texts every time
    others = [words.split() for words in _OTHERS.values()]
    while True:
        words: Sequence[str] = _ENGLISH if rng.random() < _SHARE else rng.choice(others)
        size = min(max(int(rng.lognormvariate(4.7, 0.9)), 20), 2900)
        text = ""
        while len(text) < size:
            text += _sentence(words, rng)
        yield text.strip()


def _sentence(words: Sequence[str], rng: random.Random) -> str:
    chosen = [rng.choice(words) for _ in range(rng.randint(3, 14))]
    if rng.random() < 0.15:
        chosen.append(str(rng.randrange(2000)))
    if rng.random() < 0.03:
        chosen.append(f"https://news.example/{rng.randrange(10**6)}")
    return " ".join(chosen).capitalize() + rng.choice(_ENDS)
