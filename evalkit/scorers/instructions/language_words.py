# ruff: noqa: E501 - word lists
"""Common words of the languages that share a script, and the letters that only one of them writes: plain data.

The first words of each list are its commonest little words. Written by hand for `language.py`.
"""

from __future__ import annotations

COMMON_WORDS = {
    "en": "the of and to in is that it for with as was are this you on be by a i my we they he she his her at from or "
    "not have has had but all can will "
    "your our their there here what when which who how if so do does did just about more some out up one two new "
    "now then than them him me us its into "
    "people time day way life world house water night good great little love like know think make made see come "
    "go get take want need use work find "
    "give tell help please thank thanks dear hello hi yes name names list best friend city school year years home "
    "these those been being would could should "
    "because also very only over after before first last long where why where's don't it's i'm let may must many "
    "much every each other another such through "
    "between while under again never always still even back down off any most own too both few same right left "
    "small big old young high car bus",
    "de": "der die das und ist nicht ein eine zu den mit ich sie von auf für im dem es er wir ihr sich auch als an nach "
    "wie bei aus wenn nur noch aber hat haben sind "
    "war werden wird oder um am einen einem einer des durch über unter zum zur kann du mein dein sein kein mehr "
    "so was wer wo hier dort sehr gut groß klein tag nacht "
    "haus wasser zeit leben welt liebe mann frau kind kinder stadt jahr neu alt schön immer nie wieder jetzt dann "
    "dieser diese dieses jeder alle bis gegen ohne zwischen "
    "machen gehen kommen sehen wissen sagen geben muss müssen soll will heute morgen freund herz himmel sonne "
    "bist kunst farbe form ganzen hund schläft teppich",
    "fr": "le la les et est des une un que pour dans du en vous nous qui pas au sur de je tu il elle ils elles on ce "
    "cette ces son sa ses mon ma mes avec par plus ne se "
    "à aux ou où mais comme tout tous toute bien très être avoir fait faire peut sont était ont leur leurs y si "
    "sans sous entre après avant jour nuit maison eau temps vie "
    "monde amour homme femme enfant enfants ville année nouveau vieux beau petit grand toujours jamais encore "
    "maintenant alors chaque chien ami cœur ciel soleil mer c'est "
    "d'un d'une l'eau qu'il n'est j'ai merci bonjour oui non",
    "es": "el la los las y es que de una un por para con en del se su no como más yo tú él ella nosotros ellos al lo le "
    "les me te mi tu sus este esta estos esas eso pero "
    "muy todo toda todos ser está están son fue era tiene hay hacer puede cuando donde quien sin sobre entre "
    "después antes día noche casa agua tiempo vida mundo amor hombre mujer "
    "niño niños ciudad año nuevo viejo grande pequeño siempre nunca ahora entonces cada perro amigo corazón cielo "
    "sol mar gracias hola sí quiere salir bien también ya",
    "it": "il la che di e è per un una non con del sono le gli nel della mi ti i lo a da in su al dal dei delle alla "
    "alle nella sul sulla si se ci vi io tu lui lei noi "
    "loro mio mia tuo suo sua questo questa questi quello ma come più molto tutto tutta tutti essere stato era ha "
    "hanno fare può quando dove chi senza sotto tra fra dopo prima "
    "giorno notte casa acqua tempo vita mondo amore uomo donna bambino bambini città anno nuovo vecchio bello "
    "grande piccolo sempre mai ora poi ogni cane amico cuore cielo sole "
    "mare luna stella stelle vento bianca nera nave sogno lago brilla grazie ciao sì niente ancora anche",
    "pt": "o a os as e é que de uma um para com não do da em no na por você eu tu ele ela nós eles ao à dos das nos nas "
    "pelo pela se seu sua seus meu minha este esta isso "
    "esse essa mas como mais muito tudo todo toda todos ser está estão são foi era tem há fazer pode quando onde "
    "quem sem sobre entre depois antes dia noite casa água tempo vida "
    "mundo amor homem mulher criança crianças cidade ano novo velho grande pequeno sempre nunca agora então cada "
    "cão cachorro amigo coração céu sol mar obrigado olá sim quer também já",
    "nl": "de het een en van is dat niet op te voor met zijn ik aan je in die er maar om hem hij zij we wij jullie u "
    "ook als dan nog al of door over bij uit naar tot wel "
    "geen meer heeft hebben was waren wordt worden kan kunnen zal moet dit deze mijn jouw haar ons onze hun wat "
    "wie waar hier daar zeer goed groot klein dag nacht huis water tijd "
    "leven wereld liefde man vrouw kind kinderen stad jaar nieuw oud mooi altijd nooit nu toen hele hond vriend "
    "hart hemel zon zee slaapt buiten wil",
    "sv": "och det att en som är på för av med inte den till jag ett i de han hon vi ni du om men så har hade var kan "
    "ska skulle från vid eller när där här hur vad vem nu "
    "också bara mycket mer alla allt sin sitt sina min mitt din vår deras detta denna efter innan under över "
    "mellan utan dag natt hus vatten tid liv värld kärlek man kvinna barn "
    "barnen stad år ny gammal vacker stor liten alltid aldrig igen sedan varje hund vän hjärta himmel sol hav "
    "tack hej ja nej",
    "fi": "ja on ei että se hän oli mutta kun ovat tai niin myös joka voi minä sinä ole me te he tämä nämä tuo ne mikä "
    "kuka missä jos kuin vain jo nyt sitten aina koskaan "
    "kaikki paljon hyvä suuri pieni uusi vanha kaunis päivä yö talo vesi aika elämä maailma rakkaus mies nainen "
    "lapsi lapset kaupunki vuosi koira ystävä sydän taivas aurinko meri "
    "kiitos hei kyllä olen olet olemme sen hänen minun sinun ilman kanssa ennen jälkeen joka joka pihalla "
    "laulavat leikkivät",
    "vi": "và là của có không một những được cho trong với người này các để tôi bạn đã sẽ đang rất nhiều như khi ở từ "
    "đến thì mà nhưng cũng vì nên hay hoặc rồi lại còn "
    "chúng ta anh em chị ông bà cô mẹ cha con nhà nước ngày đêm trời đất yêu đẹp tốt lớn nhỏ mới cũ năm tháng hôm "
    "nay mai đi làm học ăn uống nói biết thấy gì ai đâu sao",
    "sw": "na ya wa kwa ni za katika la kuwa hii kama yake cha hiyo lakini sana yangu wewe mimi yeye sisi nyinyi wao "
    "huyu hawa hilo hizi hizo yako yetu wangu wako wake wetu watu "
    "mtu mtoto watoto nyumba maji siku usiku leo kesho jana kila pia tu au bila kabla baada ndani nje juu chini "
    "mji mwaka mpya mzuri nzuri kubwa ndogo upendo maisha dunia rafiki "
    "moyo jua bahari asante habari ndiyo hapana ana nina una tuna wana ninaweza unaweza anaweza kumbuka zaidi "
    "wanacheza mpira jioni asubuhi",
    "ru": "и в не на что с по это как к но из у за от так для же его вы мы я он она они ты мой твой наш ваш их её был "
    "была было были есть быть все всё весь если или когда где кто "
    "чтобы уже ещё только очень можно нет да этот эта эти тот там здесь день ночь дом вода время жизнь мир любовь "
    "человек женщина дети город год новый старый хороший большой",
    "bg": "и на да се в за е не от че са с по като това ще най му ги към със си но или ако когато където кой той тя те "
    "ние вие аз ти мой твой наш беше били има няма може всички "
    "всеки всяка още само много този тази тези там тук ден нощ къща вода време живот свят любов човек жена деца "
    "децата град година нов стар добър голям до при след преди без",
    "uk": "і в не на що з та це як до але у за від для його ви ми є я він вона вони ти мій твій наш ваш їх її був була "
    "було були бути всі все якщо або коли де хто щоб вже ще "
    "тільки дуже можна немає так цей ця ці той там тут день ніч дім вода час життя світ любов людина жінка діти "
    "місто рік новий старий добрий великий",
    "ar": "في من على أن إلى هذا التي الذي عن مع هذه كان ما لا هو هي و أو لم لن قد كل بعد قبل بين عند حتى إذا ثم كما نحن "
    "أنت أنا هم لكن ليس يوم ليلة بيت ماء وقت حياة عالم حب",
    "fa": "و در به از که این را با است برای آن یک می ما شما من های هم تا یا اگر اما نیست بود شد شده کرد کند هر همه چه "
    "کجا بر باید خود روز شب خانه آب زمان زندگی جهان عشق",
    "ur": "کے کی میں ہے اور سے کا کو نے پر ہیں یہ ایک کہ اس نہیں آپ وہ ہم تم تھا تھی تھے ہو گیا لیے بھی تو جو کیا کر ان "
    "اپنے دن رات گھر پانی وقت زندگی دنیا محبت",
    "hi": "के में है की और से का को हैं पर यह एक ने कि भी नहीं था लिए मैं हम तुम आप वह वे इस उस जो तो ही कर करना करते "
    "होता हो रहा रही रहे थे थी मेरा मुझे तुम्हारा अपना अपने सब कुछ "
    "बहुत जब तब कब कहाँ क्या कौन क्यों दिन रात घर पानी समय जीवन दुनिया प्यार आदमी बच्चे शहर साल नया पुराना अच्छा "
    "बड़ा सुबह गया",
    "mr": "आहे आणि या च्या मध्ये आहेत हे ते तो ही एक नाही करण्यासाठी होते आपण मी आपल्या की आम्ही तू तुम्ही ती त्या "
    "त्याच्या माझे माझा माझी तुझे मला तुला त्याला होता होती झाला झाली झाले "
    "काय कोण कुठे कधी खूप सर्व पण तर जर म्हणून दिवस रात्र घर पाणी वेळ जीवन जग प्रेम माणूस मुले शहर वर्ष नवीन जुना "
    "चांगला चांगले मोठा सकाळ धावतो आली गेला करतो बोलतो",
    "ne": "छ र को मा छन् हो यो लाई पनि का गर्न हुन्छ तपाईं गर्नुहोस् भएको एक ले छैन म हामी तिमी उनी त्यो यी ती मेरो "
    "तिम्रो हाम्रो भने तर वा यदि जब कहाँ के को हुन् थियो थिए धेरै सबै मलाई सधैं "
    "दिन रात घर पानी समय जीवन संसार माया मान्छे शहर वर्ष नयाँ पुरानो राम्रो ठूलो बोल्छु गर्छ गर्छन्",
}
TELLING_LETTERS = {
    "ß": "de", "å": "sv", "ñ¿¡": "es", "ãõ": "pt", "œ": "fr",
    "ơưđăạảấầẩẫậắằẳẵặẹẻẽếềểễệỉịọỏốồổỗộớờởỡợụủứừửữựỳỵỷỹ": "vi",
    "ыэё": "ru", "іїєґ": "uk", "ٹڈڑںےہ": "ur", "ة": "ar", "ळ": "mr",
}  # fmt: skip
