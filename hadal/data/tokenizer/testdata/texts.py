"""Texts that the golden files are made of: a corpus to train on, and a list that probes edges."""

CORPUS = """
The quick brown fox jumps over the lazy dog, and the dog doesn't mind; it's asleep. They're 12 or 345 steps away.
We'll measure the model's loss every 1000 steps, and I've seen that they'd rather wait. THE END.
Le cœur a ses raisons que la raison ne connaît point. L'été, à Évreux, où naît le blé, ça va déjà très bien.
Der Fluß fließt über große Brücken; die Straße führt nach Köln. Schöne Grüße aus Österreich!
El niño pequeño corrió mañana por la montaña. ¿Cómo estás? ¡Qué día más bonito!
Η γρήγορη αλεπού πηδάει πάνω από το τεμπέλικο σκυλί. Καλημέρα κόσμε, τι κάνεις σήμερα;
Съешь же ещё этих мягких французских булок, да выпей чаю. Широкая электрификация южных губерний.
السلام عليكم ورحمة الله وبركاته. هذا نص قصير باللغة العربية مع أرقام ١٢٣ و ٤٥٦.
שלום עולם, מה שלומך היום? זהו משפט קצר בעברית.
नमस्ते दुनिया, आप कैसे हैं? यह हिन्दी में एक छोटा वाक्य है। संख्या १२३।
สวัสดีชาวโลก วันนี้อากาศดีมาก ฉันชอบอ่านหนังสือ
你好，世界！今天天气很好，我们去公园散步吧。深度学习模型需要大量的数据。
こんにちは、世界。今日はとても良い天気ですね。カタカナとひらがなと漢字を混ぜます。
안녕하세요 세계, 오늘은 날씨가 아주 좋습니다. 한국어 문장입니다.
def encode(text: str) -> list[int]:
    for i, c in enumerate(text):
        if c == "\\n" and i > 0:
            return [ord(x) for x in text[:i]]  # comment
    return []
int main(void) { printf("%d\\n", 42); return 0; }
🙂 😀 👍 👍🏽 👩‍💻 👨‍👩‍👧 🇩🇪 🚀 naïve café résumé
"""

TEXTS = [
    "", " ", "  ", "a", " a", "a ", "\n", "\r\n", "\t", "Hello world", " Hello  world ",
    "The dog doesn't mind; it's THEY'RE we'll I'VE they'd I'M.",
    "'s 'S 'ſ 'LL 'Ll ' ll ''s s' 'K it'ſ",
    "Le cœur a ses raisons: à Évreux, l'été.",
    "Le cœur a ses raisons: a\u0300 E\u0301vreux, l'e\u0301te\u0301.",
    "e\u0301\u0323\u0302 q\u0307\u0323 \u0344 A\u030A \u212B \u1E9B\u0323 ﬁ ﬃ ² ½ ℌ ① ㍿ \uFDFA ﷺ",
    "İstanbul I\u0307 ı ẞ ß ΑΣ Σ ǅ DŽ Ⅷ",
    "Η γρήγορη αλεπού πηδάει. ΚΑΛΗΜΕΡΑ ΐ",
    "Съешь же ещё этих мягких булок; йй",
    "السلام عليكم، أرقام ١٢٣ و ٤٥٦ مُحَمَّد ﷲ",
    "שלום עולם שָׁלוֹם",
    "नमस्ते दुनिया, क्षत्रिय १२३।",
    "สวัสดีชาวโลก น้ำ ๑๒๓",
    "你好，世界！深度学习模型３４５。", "こんにちは、ｶﾀｶﾅ ガ カ\u3099 パ", "안녕하세요 세계 한국어 \u1112\u1161\u11ab",
    "🙂 👍🏽 👩‍💻👨‍👩‍👧‍👦 🇩🇪🇫🇷 ❤️ ☺︎", "1 12 123 1234 12345 3.14 1,000 ½ ⅷ 一二三 ²³",
    "def f(x):\n    return x**2  # ok\n\n\n\tif (a!=b) {c+=1;}\r\n\r\n",
    "a  b   c\t\td \t e\n\n\n f \n g\r\n\r\n h   \n   i   ",
    "a\u00a0b\u2003c\u3000d\u1680e\u180ef\u200bg\u202fh\u2028i\u2029j\u0085k\u001cl\u001fm\ufeffn",
    "zero\u200bwidth\u200cnon\u200djoiner\u2060word\u00adsoft", "\u0000nul\u0001\u007f\u0080\u009f",
    "<|endoftext|>", "a<|endoftext|>b", " <|endoftext|> ", "<|endoftext|><|endoftext|>", "<|endof",
    "<s>", "</s>", "x <s> y</s>z", "<unk>", "<0x41><0x0A>", "▁▁a ▁b", "▁", "ĠHello ĊĠ",
    "<left>  <left>a <right>  b<right> <both>  <both> c", "a <word> b<word>c <word>d <word>, <word>é _<word>",
    "a\u0301<word> \u200d<word> <word>٣", "NORM norm Norm NORMAL  nORM", "été ÉTÉ e\u0301te\u0301", "<lef<left>t>",
    "user@example.com https://example.com/a?b=c&d=%20 $1 $2 \\ ^ ~ `x`",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "ab" * 100, " " * 70, "\n" * 33,
    "a" + " " * 20 + "b", "é" * 40, "e\u0301" * 40, "\u0301" * 30, "😀" * 20, "1" * 50, "!" * 50, "!?" * 30,
    "a\u0323\u0301\u0323\u0301\u0323\u0301\u0323\u0301", "\ue000\U0010ffff\ufffd\ufffe", "\U00020000\U0001d400𝔘𝓃𝒾",
    "the the the dog dog fox", "THE END. THE END.", "x" * 300,
]
