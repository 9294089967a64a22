"""Which characters the hit sheet's own font has, and what becomes of others.

The font is a subset (tools/subset_font.py makes it from the same answer): GB 2312, what Chinese names and places need
beyond it, Latin and Greek, and the signs of units. Other characters come from a font of the system where there is one.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

FAMILY = "Qianliyan Sans"
FONTS = Path(__file__).resolve().parent / "sheets" / "fonts"
# Common in the names of people and places, and of substances, but not in GB 2312.
NAMES = (
    "喆堃镕翀玥珺芃垚犇骉垲垌堽塬邨昇溦淏湉炆烜焱燊琎瑄赟赉韡頔颋祎旻昉晔暕曈橦翚苡茈菡蓥訸谞贠迺鄜锳镒頫鱻"
    "囍璟婳孖屌峣嵘怹悳扥昪晞晧晳暟曌杺柟栐桢梽棽楒槿沄沨泂泃洺浥浠浬涢淖渌渼湜溁滘潆澴濛瀍灏炁炘烔焓焜焯熀"
    "煊熠燏爔犨玘玚玹珣珮琀琤瑨瑾璈璘璠瓒甪畲皛皞矾砼硚碶禤秾竑竩笪筠筱箬粢糍綦纮绖绤缊罘翯耑胔苁苾茌荇莙菂"
    "萩蒨蓁蔺薏藁蘅虓蛏衎袆裎诃诇诜谡赪趸跂轫辂迳逄逯邕郄郇郗郏酆酗醴釜钘钭铖铚铷铼锃锜锴镠镃镐镔镱镲镴闫闿阌"
    "陉隺隽雱霁靓顗顼颀飏骎骙骕魃鲃鳊鸮鹮鹯麃黟齮龢龠䶮㭎芘䓛噁萘蒽呋喃吲哚铊钍铍锑钒镍苊芴"
)
SIGNS = "°′″×·•±≈≤≥−–—…“”‘’→←↑↓²³µμΩ‰%№℃㎡㎥①②③④⑤⑥⑦⑧⑨⑩▲△●○■□◆◇★☆✓√§¶©®™€£¥\u00a0\u2009\u200a\u202f\u3000"
RANGES = ((0x20, 0x7E), (0xA0, 0x17F), (0x391, 0x3C9), (0x3000, 0x303F), (0xFF01, 0xFF5E))


def gb2312() -> frozenset[str]:
    """Every character of GB 2312: 6,763 Chinese ones, and signs."""
    pairs = (bytes((high, low)) for high in range(0xA1, 0xF8) for low in range(0xA1, 0xFF))
    return frozenset(char for pair in pairs if (char := pair.decode("gb2312", "ignore")))


@lru_cache(maxsize=1)
def wanted() -> frozenset[str]:
    """What the font is made to have; a few signs the source font may lack."""
    letters = (chr(code) for first, last in RANGES for code in range(first, last + 1))
    return gb2312() | frozenset(NAMES) | frozenset(SIGNS) | frozenset(letters)


@lru_cache(maxsize=1)
def covered() -> frozenset[str]:
    """What the font has."""
    return frozenset((FONTS / "characters.txt").read_text("utf-8"))
