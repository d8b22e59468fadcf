"""Traditional Chinese as it is written in Taiwan, wherever the product speaks it."""

from __future__ import annotations

import re

import pytest

from tests.arch.house import text, tracked

#: Words from elsewhere -> the word that is used here.
WORDS = {
    "默認": "預設",
    "信息": "資訊、訊息",
    "視頻": "影片",
    "屏幕": "螢幕",
    "鼠標": "滑鼠",
    "菜單": "選單",
    "點擊": "按一下",
    "打印": "列印",
    "運行": "執行",
    "進程": "行程",
    "線程": "執行緒",
    "硬盤": "硬碟",
    "硬件": "硬體",
    "軟件": "軟體",
    "質量": "品質",
    "加載": "載入",
    "卸載": "解除安裝",
    "鏈接": "連結",
    "域名": "網域",
    "反饋": "意見回饋",
    "支持": "支援",
    "優化": "最佳化",
    "創建": "建立",
    "內存": "記憶體",
    "數據": "資料",
    "賬戶": "帳號、帳戶",
    "鏡像": "映像檔",
    "登錄": "登入",
    "服務器": "主控節點",
    "伺服器": "主控節點",
    "用戶": "使用者",
    "網絡": "網路",
    "令牌": "權杖",
    "隊列": "佇列",
    "調度": "排程",
    "模板": "範本",
    "接口": "介面",
    "界面": "介面",
    "實時": "即時",
    "緩存": "快取",
    "您": "你",
    "抱歉": "（不道歉，說怎麼辦）",
}
HAN = "\u4e00-\u9fff"


def _pages() -> list[str]:
    return [path for path in tracked() if re.search(r"zh[-_](TW|Hant)[^/]*\.(md|po|ts|toml|json)$", path)]


@pytest.mark.parametrize("path", _pages())
def test_no_word_from_elsewhere(path: str) -> None:
    found = [
        f"{number}: {word} → {instead}"
        for number, line in enumerate(text(path).splitlines(), start=1)
        for word, instead in WORDS.items()
        if word in line
    ]
    assert found == []


@pytest.mark.parametrize("path", [path for path in _pages() if path.endswith(".md")])
def test_punctuation_is_full_width_and_never_an_exclamation(path: str) -> None:
    prose = re.sub(r"```.*?```|`[^`]*`|<[^>]*>|\]\([^)]*\)", "", text(path), flags=re.S)
    wrong = re.findall(rf"[{HAN}][,;:?!](?!\w)|[！]", prose)
    assert wrong == []


@pytest.mark.parametrize("path", [path for path in _pages() if path.endswith(".md")])
def test_one_space_stands_between_han_and_latin(path: str) -> None:
    prose = re.sub(r"```.*?```|<[^>]*>|\]\([^)]*\)|[*`\[\]]", "", text(path), flags=re.S)
    wrong = re.findall(rf"[{HAN}][A-Za-z0-9]|[A-Za-z0-9][{HAN}]", prose)
    assert wrong == []


def test_the_chinese_readme_tells_what_the_english_one_does() -> None:
    english, chinese = text("README.md"), text("README.zh-TW.md")
    assert english.count("\n## ") == chinese.count("\n## ")
    fences = [re.findall(r"```.*?```", page, re.S) for page in (english, chinese)]
    plain = [[re.sub(r"#.*|<[^>]*>|\s+", " ", block).split() for block in page] for page in fences]
    assert plain[0] == plain[1], "the commands differ"
