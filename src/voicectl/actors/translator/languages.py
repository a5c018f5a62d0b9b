"""Languages: from BCP 47 tags to the FLORES-200 codes that NLLB models use.

The codes are those of the FLORES-200 benchmark (NLLB Team, "No Language Left Behind", 2022).
"""

import re
from difflib import get_close_matches
from typing import NamedTuple

from voicectl.protocol.errors import UsageError


class Language(NamedTuple):
    """One language: its BCP 47 tag, its FLORES-200 code, its English name."""

    tag: str
    flores: str
    name: str


_TABLE = """
af afr_Latn Afrikaans
am amh_Ethi Amharic
ar arb_Arab Arabic
az azj_Latn Azerbaijani
be bel_Cyrl Belarusian
bg bul_Cyrl Bulgarian
bn ben_Beng Bengali
bs bos_Latn Bosnian
ca cat_Latn Catalan
cs ces_Latn Czech
cy cym_Latn Welsh
da dan_Latn Danish
de deu_Latn German
el ell_Grek Greek
en eng_Latn English
eo epo_Latn Esperanto
es spa_Latn Spanish
et est_Latn Estonian
eu eus_Latn Basque
fa pes_Arab Persian
fi fin_Latn Finnish
fr fra_Latn French
ga gle_Latn Irish
gl glg_Latn Galician
gu guj_Gujr Gujarati
he heb_Hebr Hebrew
hi hin_Deva Hindi
hr hrv_Latn Croatian
hu hun_Latn Hungarian
hy hye_Armn Armenian
id ind_Latn Indonesian
is isl_Latn Icelandic
it ita_Latn Italian
ja jpn_Jpan Japanese
ka kat_Geor Georgian
kk kaz_Cyrl Kazakh
km khm_Khmr Khmer
kn kan_Knda Kannada
ko kor_Hang Korean
lb ltz_Latn Luxembourgish
lo lao_Laoo Lao
lt lit_Latn Lithuanian
lv lvs_Latn Latvian
mk mkd_Cyrl Macedonian
ml mal_Mlym Malayalam
mn khk_Cyrl Mongolian
mr mar_Deva Marathi
ms zsm_Latn Malay
mt mlt_Latn Maltese
my mya_Mymr Burmese
nb nob_Latn Norwegian
ne npi_Deva Nepali
nl nld_Latn Dutch
nn nno_Latn Nynorsk
no nob_Latn Norwegian
pa pan_Guru Punjabi
pl pol_Latn Polish
pt por_Latn Portuguese
ro ron_Latn Romanian
ru rus_Cyrl Russian
si sin_Sinh Sinhala
sk slk_Latn Slovak
sl slv_Latn Slovenian
sq als_Latn Albanian
sr srp_Cyrl Serbian
sv swe_Latn Swedish
sw swh_Latn Swahili
ta tam_Taml Tamil
te tel_Telu Telugu
th tha_Thai Thai
tl tgl_Latn Tagalog
tr tur_Latn Turkish
uk ukr_Cyrl Ukrainian
ur urd_Arab Urdu
uz uzn_Latn Uzbek
vi vie_Latn Vietnamese
yue yue_Hant Cantonese
zh zho_Hans Chinese
zh-Hans zho_Hans Chinese (simplified)
zh-Hant zho_Hant Chinese (traditional)
zh-HK zho_Hant Chinese (Hong Kong)
zh-MO zho_Hant Chinese (Macau)
zh-TW zho_Hant Chinese (Taiwan)
"""

LANGUAGES: tuple[Language, ...] = tuple(Language(*line.split(" ", 2)) for line in _TABLE.strip().splitlines())
"""The languages that have a BCP 47 tag here; a FLORES-200 code is accepted for every other."""

_BY_TAG = {language.tag.lower(): language.flores for language in LANGUAGES}
_TAGS = {language.flores: language.tag for language in reversed(LANGUAGES)}
_FLORES = re.compile(r"[a-z]{3}_[A-Z][a-z]{3}")
_UNSPACED = {"jpn_Jpan", "zho_Hans", "zho_Hant", "yue_Hant", "tha_Thai", "lao_Laoo", "khm_Khmr", "mya_Mymr", "bod_Tibt"}


def flores(language: str) -> str:
    """Return the FLORES-200 code of a BCP 47 tag; a code of that form is returned as it is.

    Subtags that make no difference are dropped from the right (``de-AT`` is German).

    Raises:
        UsageError: the language is not known; the text names near ones.
    """
    if _FLORES.fullmatch(language):
        return language
    tag = language.lower().replace("_", "-")
    while tag:
        if tag in _BY_TAG:
            return _BY_TAG[tag]
        tag = tag.rpartition("-")[0]
    raise UsageError(f"unknown language {language!r}; {_advice(language)}")


def tag(code: str) -> str:
    """Return the BCP 47 tag of a FLORES-200 code."""
    return _TAGS.get(code, code.partition("_")[0])


def is_spaced(code: str) -> bool:
    """Say whether the language of this FLORES-200 code puts blanks between sentences."""
    return code not in _UNSPACED


def _advice(language: str) -> str:
    names = {spelling.lower(): entry for entry in LANGUAGES for spelling in (entry.name, entry.tag)}
    near = dict.fromkeys(names[match] for match in get_close_matches(language.lower(), names, n=3, cutoff=0.5))
    if near:
        return "did you mean " + " or ".join(f"{entry.tag} ({entry.name})" for entry in near) + "?"
    return "use a BCP 47 tag such as ja, de or zh-Hant, or a FLORES-200 code such as jpn_Jpan"
