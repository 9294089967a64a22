"""Which column of a survey controller's export is what, by its heading in Chinese or English."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

# In China X is north (纵坐标) and Y is east (横坐标); a GIS means it the other way round, which `grids` finds out.
HEADINGS: dict[str, str] = {
    "name": """点名 点号 点名称 名称 点编号 点位编号 目标编号 编号 测点 测点名
        name point pointname pointid pointnumber pointno pt ptname ptid id station""",
    "code": "编码 代码 要素编码 属性 描述 code featurecode pointcode desc description",
    "class": "类别 目标类别 类型 目标类型 class type",
    "north": """北坐标 纵坐标 北坐标x 纵坐标x x纵坐标 x北坐标 x北 北x 北 x坐标 坐标x 平面x x n nx xn 北n n北 当地北坐标
        网格北 北向 north northing northings gridnorth gridnorthing localnorth localnorthing""",
    "east": """东坐标 横坐标 东坐标y 横坐标y y横坐标 y东坐标 y东 东y 东 y坐标 坐标y 平面y y e ey ye 东e e东 当地东坐标
        网格东 东向 east easting eastings grideast grideasting localeast localeasting""",
    "height": """高程 大地高 椭球高 高 高程h 大地高h 高程z 高程u 海拔 h z hz zh
        elevation elev height ellipsoidheight ellipsoidalheight altitude""",
    "lat": """纬度 大地纬度 纬度b b纬度 b wgs84纬度 cgcs2000纬度 北纬
        lat latitude latdeg wgs84latitude globallatitude""",
    "lon": """经度 大地经度 经度l l经度 l wgs84经度 cgcs2000经度 东经
        lon long lng longitude londeg wgs84longitude globallongitude""",
    "hrms": """hrms 平面精度 水平精度 平面rms 水平rms 平面中误差 水平中误差 点位中误差 平面误差
        hprec horzprec horzprecision horizontalprecision hprecision horizontalrms hsigma hacc""",
    "vrms": """vrms 高程精度 垂直精度 高程rms 垂直rms 高程中误差 垂直中误差 高程误差
        vprec vertprec vertprecision verticalprecision vprecision verticalrms vsigma vacc""",
    "status": """解状态 解类型 状态 定位状态 差分状态 固定状态 固定解 解算状态
        solution solutiontype solutionstatus status fixtype fix gnssstatus fixstatus rtkstatus""",
    "time": """时间 测量时间 观测时间 采集时间 记录时间 日期时间 本地时间 开始时间 测量开始时间
        time datetime localtime starttime surveytime timestamp""",
    "date": "日期 测量日期 观测日期 采集日期 date surveydate",
    "utc": "utc utc时间 utctime utcdatetime",
    "weight": "权重 权 weight",
    "r90_m": "r90 r90m 90误差半径 误差半径r90",
    "visible_from": "可见开始 可见起始 可见开始时间 可见起 出现时间 visiblefrom",
    "visible_to": "可见结束 可见截止 可见结束时间 可见止 消失时间 visibleto",
}
# Several of these in one file are nobody's to choose from; of heights, codes or times the first is taken.
ONE_OF = frozenset({"name", "class", "north", "east", "lat", "lon", "status", "hrms", "weight", "r90_m"})
_MEANING = {heading: column for column, headings in HEADINGS.items() for heading in headings.split()}
_UNIT = re.compile(r"[(\[{<](?:m|米|单位[:：]?米|mm|毫米|meters?|metres?|°|度|deg|degrees?|d\.d+|度分秒|dms)[)\]}>]")
_MILLIMETRES = re.compile(r"(?:mm|毫米)[)\]}>]?$")


def plain_heading(text: str) -> str:
    """A heading without blanks, signs and units, in lower case: " 北坐标X (m) " is "北坐标x"."""
    lower = unicodedata.normalize("NFKC", text).strip().lower()
    return "".join(c for c in _UNIT.sub("", lower) if c.isalnum())


def meanings(headings: Sequence[str]) -> dict[str, int]:
    """Column -> index of the headings that are known; of two with one meaning the first."""
    found: dict[str, int] = {}
    for index, heading in enumerate(headings):
        column = _MEANING.get(plain_heading(heading))
        if column is not None:
            found.setdefault(column, index)
    return found


def twice(headings: Sequence[str]) -> str:
    """A meaning that two headings have, or an empty string: which of them is meant is nobody's to guess."""
    seen: set[str] = set()
    for heading in headings:
        column = _MEANING.get(plain_heading(heading))
        if column in seen:
            return str(column)
        seen |= {column} & ONE_OF if column else set()
    return ""


def in_millimetres(heading: str) -> bool:
    """Whether the heading says that its lengths are in millimetres."""
    return _MILLIMETRES.search(unicodedata.normalize("NFKC", heading).strip().lower()) is not None
