"""The same short dialogue in many languages, and the encodings in which its subtitles are met."""

from __future__ import annotations

import unicodedata

DIALOGUE = {
    "ar": """مرحبا، ماذا تفعل هنا؟
لا أعرف.
نحن ذاهبون إلى البيت.
الطقس جميل اليوم.
إلى اللقاء!
أين كنت طوال الليل؟
كنت أنتظر رسالة من أخي.
لا تقل لأحد أنك رأيتني.
السفينة تغادر غدا في الصباح.
هل أنت متأكد من ذلك؟
نعم، لقد سمعت ذلك بنفسي.
إذن علينا أن نسرع قبل العاصفة.""",
    "bg": """Здравей, какво правиш тук?
Не знам.
Отиваме си вкъщи.
Днес времето е хубаво.
Довиждане!
Къде беше цялата нощ?
Чаках писмо от брат ми.
Не казвай на никого, че си ме видял.
Корабът тръгва утре сутринта.
Сигурен ли си в това?
Да, чух го със собствените си уши.
Тогава трябва да побързаме преди бурята.""",
    "cs": """Ahoj, co tady děláš?
Já nevím.
Jdeme domů.
Dnes je hezké počasí.
Na shledanou!
Kde jsi byl celou noc?
Čekal jsem na dopis od svého bratra.
Nikomu neříkej, že jsi mě viděl.
Loď odplouvá zítra ráno.
Jsi si tím jistý?
Ano, slyšel jsem to na vlastní uši.
Pak musíme pospíchat, než přijde bouřka.""",
    "de": """Hallo, was machst du hier?
Ich weiß es nicht.
Wir gehen nach Hause.
Heute ist das Wetter schön.
Auf Wiedersehen!
Wo warst du die ganze Nacht über?
Ich habe auf einen Brief von meinem Bruder gewartet.
Erzähl niemandem, dass du mich gesehen hast.
Das Schiff fährt morgen früh ab.
Bist du dir da sicher?
Ja, ich habe es selbst gehört.
Dann müssen wir uns vor dem Sturm beeilen.""",
    "el": """Γεια σου, τι κάνεις εδώ;
Δεν ξέρω.
Πάμε σπίτι.
Σήμερα ο καιρός είναι καλός.
Αντίο!
Πού ήσουν όλη τη νύχτα;
Περίμενα ένα γράμμα από τον αδελφό μου.
Μην πεις σε κανέναν ότι με είδες.
Το πλοίο φεύγει αύριο το πρωί.
Είσαι σίγουρος γι' αυτό;
Ναι, το άκουσα με τα αυτιά μου.
Τότε πρέπει να βιαστούμε πριν από την καταιγίδα.""",
    "es": """Hola, ¿qué haces aquí?
No lo sé.
Nos vamos a casa.
Hoy hace buen tiempo, señor.
¡Adiós!
¿Dónde has estado toda la noche?
Esperaba una carta de mi hermano pequeño.
No le digas a nadie que me has visto.
El barco sale mañana por la mañana.
¿Estás seguro de eso?
Sí, lo oí con mis propios oídos.
Entonces debemos darnos prisa antes de la tormenta.""",
    "fa": """سلام، اینجا چه کار می‌کنی؟
نمی‌دانم.
ما به خانه می‌رویم.
امروز هوا خوب است.
خداحافظ!
تمام شب کجا بودی؟
منتظر نامه‌ای از برادرم بودم.
به کسی نگو که مرا دیده‌ای.
کشتی فردا صبح حرکت می‌کند.
آیا از این مطمئن هستی؟
بله، خودم آن را شنیدم.
پس باید پیش از توفان عجله کنیم.""",
    "fr": """Bonjour, qu'est-ce que tu fais là ?
Je ne sais pas, mon frère.
Nous rentrons à la maison.
Aujourd'hui il fait très beau.
À bientôt !
Où étais-tu toute la nuit ?
J'attendais une lettre de ma mère.
Ne dis à personne que tu m'as vu.
Le bateau part demain, à l'aube.
Tu en es sûr ?
Oui, je l'ai entendu de mes propres oreilles.
Alors dépêchons-nous avant la tempête, ça presse.""",
    "he": """שלום, מה אתה עושה כאן?
אני לא יודע.
אנחנו הולכים הביתה.
היום מזג האוויר טוב.
להתראות!
איפה היית כל הלילה?
חיכיתי למכתב מאח שלי.
אל תגיד לאף אחד שראית אותי.
האונייה עוזבת מחר בבוקר.
אתה בטוח בזה?
כן, שמעתי את זה בעצמי.
אז אנחנו צריכים למהר לפני הסערה.""",
    "hr": """Bok, što radiš ovdje?
Ne znam.
Idemo kući.
Danas je lijepo vrijeme, čovječe.
Doviđenja!
Gdje si bio cijelu noć?
Čekao sam pismo od svog brata.
Nemoj nikome reći da si me vidio.
Brod odlazi sutra ujutro.
Jesi li siguran u to?
Da, čuo sam to vlastitim ušima.
Onda moramo požuriti prije oluje.""",
    "hu": """Szia, mit csinálsz itt?
Nem tudom.
Hazamegyünk.
Ma szép idő van.
Viszontlátásra!
Hol voltál egész éjszaka?
Egy levelet vártam a bátyámtól.
Senkinek ne mondd el, hogy láttál engem.
A hajó holnap reggel indul.
Biztos vagy benne?
Igen, a saját fülemmel hallottam.
Akkor sietnünk kell, mielőtt kitör a vihar, őrült idő lesz.""",
    "ja": """こんにちは、元気ですか？
ここで何をしているの？
わかりません。
家に帰りましょう。
今日は天気がいいですね。
さようなら！
一晩中どこにいたんだ？
兄からの手紙を待っていました。
私を見たことは誰にも言わないで。
船は明日の朝に出発します。
それは本当に確かですか？
はい、この耳で聞いたんです。""",
    "ko": """안녕하세요, 여기서 뭐 하세요?
모르겠어요.
우리는 집에 갑니다.
오늘은 날씨가 좋네요.
안녕히 가세요!
밤새 어디에 있었어?
형의 편지를 기다리고 있었어요.
나를 봤다고 아무에게도 말하지 마.
배는 내일 아침에 떠납니다.
그게 정말 확실해?
네, 제 귀로 직접 들었어요.
그럼 폭풍이 오기 전에 서둘러야 해.""",
    "lt": """Labas, ką čia veiki?
Nežinau.
Einame namo.
Šiandien gražus oras.
Iki pasimatymo, bičiuli!
Kur buvai visą naktį?
Laukiau laiško iš savo brolio.
Niekam nesakyk, kad mane matei.
Laivas išplaukia rytoj rytą.
Ar esi tuo įsitikinęs?
Taip, girdėjau savo ausimis.
Tada turime paskubėti, kol neprasidėjo audra, ją jau matyti.""",
    "pl": """Cześć, co tu robisz?
Nie wiem.
Idziemy do domu.
Dziś jest ładna pogoda.
Do widzenia, mój przyjacielu!
Gdzie byłeś całą noc?
Czekałem na list od brata.
Nie mów nikomu, że mnie widziałeś.
Statek odpływa jutro rano.
Jesteś tego pewien?
Tak, słyszałem to na własne uszy.
Więc musimy się spieszyć przed burzą.""",
    "pt": """Olá, o que você está fazendo aqui?
Não sei.
Vamos para casa, irmão.
Hoje o tempo está bom.
Até amanhã!
Onde você esteve a noite toda?
Eu esperava uma carta do meu irmão.
Não diga a ninguém que você me viu.
O navio parte amanhã de manhã.
Você tem certeza disso?
Sim, ouvi com os meus próprios ouvidos.
Então precisamos nos apressar antes da tempestade começar.""",
    "ro": """Bună, ce faci aici?
Nu ştiu.
Mergem acasă.
Astăzi vremea este frumoasă.
La revedere, bătrâne!
Unde ai fost toată noaptea?
Aşteptam o scrisoare de la fratele meu.
Să nu spui nimănui că m-ai văzut.
Vaporul pleacă mâine dimineaţă.
Eşti sigur de asta?
Da, am auzit cu urechile mele.
Atunci trebuie să ne grăbim înainte de furtună.""",
    "ru": """Привет, как дела?
Что ты здесь делаешь?
Я не знаю.
Пойдём домой.
До свидания!
Где ты был всю ночь?
Я ждал письма от брата.
Никому не говори, что ты меня видел.
Корабль уходит завтра утром.
Ты в этом уверен?
Да, я слышал это своими ушами.
Тогда нам надо спешить, пока не началась буря.""",
    "sv": """Hej, vad gör du här?
Jag vet inte.
Vi går hem nu.
Idag är det vackert väder.
Hej då!
Var har du varit hela natten, då?
Jag väntade på ett brev från min bror.
Säg inte till någon att du har sett mig.
Båten går i morgon bitti.
Är du säker på det?
Ja, jag hörde det med mina egna öron.
Då måste vi skynda oss före stormen.""",
    "th": """สวัสดี คุณทำอะไรที่นี่
ฉันไม่รู้
เรากำลังกลับบ้าน
วันนี้อากาศดี
ลาก่อน
คุณไปไหนมาทั้งคืน
ฉันรอจดหมายจากพี่ชาย
อย่าบอกใครว่าคุณเห็นฉัน
เรือจะออกพรุ่งนี้เช้า
คุณแน่ใจหรือ
ใช่ ฉันได้ยินด้วยหูของฉันเอง
งั้นเราต้องรีบก่อนพายุจะมา""",
    "tr": """Merhaba, burada ne yapıyorsun?
Bilmiyorum.
Eve gidiyoruz.
Bugün hava çok güzel.
Hoşça kal!
Bütün gece neredeydin?
Kardeşimden bir mektup bekliyordum.
Beni gördüğünü kimseye söyleme.
Gemi yarın sabah kalkıyor.
Bundan emin misin?
Evet, kendi kulaklarımla duydum.
O zaman fırtınadan önce acele etmeliyiz, değil mi?""",
    "uk": """Привіт, що ти тут робиш?
Я не знаю.
Ходімо додому.
Сьогодні гарна погода.
До побачення!
Де ти був усю ніч?
Я чекав на лист від свого брата.
Нікому не кажи, що ти мене бачив.
Корабель відпливає завтра вранці.
Ти в цьому впевнений?
Так, я чув це на власні вуха.
Тоді нам треба поспішати, поки не почалася буря.""",
    "vi": """Xin chào, bạn đang làm gì ở đây?
Tôi không biết.
Chúng ta về nhà thôi.
Hôm nay thời tiết đẹp.
Tạm biệt!
Bạn đã ở đâu suốt đêm?
Tôi đợi thư của anh trai tôi.
Đừng nói với ai rằng bạn đã thấy tôi.
Con tàu sẽ đi vào sáng mai.
Bạn có chắc điều đó không?
Vâng, chính tai tôi đã nghe thấy.
Vậy chúng ta phải nhanh lên trước cơn bão.""",
    "zh": """你好，你在这里做什么？
我不知道。
我们回家吧。
今天天气很好。
再见！
你整个晚上去哪儿了？
我在等我哥哥的信。
不要告诉任何人你见过我。
船明天早上就要开了。
你能确定吗？
是的，我亲耳听到的。
那我们得在暴风雨来之前赶快走。""",
    "zh-TW": """你好，你在這裡做什麼？
我不知道。
我們回家吧。
今天天氣很好。
再見！
你整個晚上去哪裡了？
我在等我哥哥的信。
不要告訴任何人你見過我。
船明天早上就要開了。
你能確定嗎？
是的，我親耳聽到的。
那我們得在暴風雨來之前趕快走。""",
}

ENCODINGS = {
    "ar": ["cp1256", "iso8859_6"],
    "bg": ["cp1251", "iso8859_5"],
    "cs": ["cp1250", "iso8859_2", "cp852"],
    "de": ["cp1252", "cp850"],
    "el": ["cp1253", "iso8859_7"],
    "es": ["cp1252"],
    "fa": ["cp1256"],
    "fr": ["cp1252", "mac_roman"],
    "he": ["cp1255", "iso8859_8"],
    "hr": ["cp1250", "iso8859_2"],
    "hu": ["cp1250", "iso8859_2"],
    "ja": ["shift_jis", "euc_jp", "iso2022_jp"],
    "ko": ["euc_kr"],
    "lt": ["cp1257"],
    "pl": ["cp1250", "iso8859_2"],
    "pt": ["cp1252"],
    "ro": ["cp1250", "iso8859_2"],
    "ru": ["cp1251", "koi8_r", "cp866", "iso8859_5", "mac_cyrillic"],
    "sv": ["cp1252"],
    "th": ["cp874"],
    "tr": ["cp1254"],
    "uk": ["cp1251", "koi8_u"],
    "vi": ["cp1258"],
    "zh": ["gb18030"],
    "zh-TW": ["big5"],
}
UNICODE = ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"]


def srt(lines: list[str]) -> str:
    """The lines as subtitles of a second each, two seconds apart."""
    stamps = [f"00:{i // 30:02}:{i * 2 % 60:02}" for i in range(len(lines))]
    cues = [f"{i + 1}\n{at},000 --> {at},900\n{line}\n" for i, (at, line) in enumerate(zip(stamps, lines, strict=True))]
    return "\n".join(cues)


def encoded(text: str, encoding: str) -> bytes:
    """As programs of the time wrote it: Vietnamese with tones apart, Persian with the Arabic letters."""
    if encoding == "cp1258":
        return b"".join(_vietnamese(c) for c in text)
    if encoding == "cp1256":
        text = text.replace("ی", "ي").replace("ک", "ك")
    return text.encode(encoding)


def _vietnamese(c: str) -> bytes:
    """A letter, or what it is without its tone and the tone."""
    try:
        return c.encode("cp1258")
    except UnicodeEncodeError:
        *letter, tone = unicodedata.normalize("NFD", c)
        if len(letter) == 2 and ord(tone) in (0x302, 0x306, 0x31B):  # the tone is the former mark
            letter, tone = [letter[0], tone], letter[1]
        return unicodedata.normalize("NFC", "".join(letter)).encode("cp1258") + tone.encode("cp1258")
