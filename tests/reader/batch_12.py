"""Replies in the styles that models of today write, in sixteen languages: the twelfth batch.

Written before it was run, by somebody who had read the code of `choice`. The replies are close to ordinary ones: Markdown,
headings, boxes, objects, options with reasons, a check at the end, hedges of several sentences.
"""
# ruff: noqa: E501 - a reply stands on one line

from __future__ import annotations

from typing import Any

CITY = ("Sydney", "Canberra", "Melbourne", "Perth")
PLANET = ("Earth", "Jupiter", "Mars", "Venus")
TOPIC = ("billing", "technical", "shipping", "other")
MOOD = ("positive", "negative", "neutral")
YES_NO = ("yes", "no")
TRUTH = ("true", "false")
GAS = ("Oxygen", "Nitrogen", "Carbon dioxide", "Argon", "Helium")

CHOICES: list[tuple[tuple[str, ...], str, str]] = [
    # English: headings, bold, boxes, objects, options with reasons
    (CITY, "**Final answer:** B", "B"),
    (
        CITY,
        "## Answer\n\n**B. Canberra**\n\nCanberra has been the capital since 1913; Sydney (A) is only the largest city.",
        "B",
    ),
    (
        CITY,
        "### Reasoning\n- Sydney is the largest city.\n- Canberra was built as the capital.\n\n### Final Answer\n**B**",
        "B",
    ),
    (
        CITY,
        "Let's go through the options:\n\n- **A. Sydney** – largest city, not the capital.\n- **B. Canberra** – the capital since 1913. ✅\n- **C. Melbourne** – seat of parliament until 1927.\n- **D. Perth** – capital of Western Australia.\n\nSo the correct option is **B**.",
        "B",
    ),
    (CITY, "The capital of Australia is **Canberra**.", "B"),
    (CITY, "The correct answer is **(B) Canberra**. Many people think of Sydney, but that is not the capital.", "B"),
    (CITY, "$$\\boxed{\\text{B}}$$", "B"),
    (CITY, "Thus, the capital is Canberra.\n\n$\\boxed{\\text{B. Canberra}}$", "B"),
    (CITY, '{"answer": "B", "explanation": "Canberra is the capital, not Sydney."}', "B"),
    (CITY, '```json\n{\n  "reasoning": "A is the largest city, but B is the capital.",\n  "answer": "B"\n}\n```', "B"),
    (
        CITY,
        "Great question! The answer is **B) Canberra**.\n\nLet me know if you'd like to learn more about Australian history!",
        "B",
    ),
    (CITY, "B\n\nExplanation: Canberra was chosen as a compromise between Sydney and Melbourne.", "B"),
    (
        CITY,
        "Option A is wrong: Sydney is not the capital. Option C is wrong as well. Option D is far away. That leaves **Option B**.",
        "B",
    ),
    (
        CITY,
        "Step 1: Recall that Sydney is the largest city.\nStep 2: Recall that the capital was purpose-built.\nStep 3: That city is Canberra.\n\nAnswer: B",
        "B",
    ),
    (CITY, "I believe the answer is B (Canberra), although many would guess Sydney.", "B"),
    (CITY, "The answer is B. Let me double-check: Canberra hosts Parliament House. Yes, B is correct.", "B"),
    (
        CITY,
        "At first glance A looks right, since Sydney is the best-known city. However, the capital is Canberra, so the answer is B.",
        "B",
    ),
    (
        CITY,
        "**Answer: B) Canberra**\n\n**Why not the others?**\n- A) Sydney: largest city\n- C) Melbourne: temporary seat of government\n- D) Perth: state capital",
        "B",
    ),
    (CITY, "I'm not able to pick a single option here: the question does not say which country is meant.", "-"),
    (CITY, "Both A and C have been seats of government at some time, so either could be argued.", "-"),
    (
        CITY,
        "It depends on what you mean by capital. If you mean the largest city, A; if you mean the seat of government, B.",
        "-",
    ),
    (CITY, "Could you please clarify which country you are asking about?", "-"),
    (
        CITY,
        "Here are the options again:\n\nA. Sydney\nB. Canberra\nC. Melbourne\nD. Perth\n\nWhich one would you like to know more about?",
        "-",
    ),
    (CITY, "**A** is incorrect.\n**C** is incorrect.\n**D** is incorrect.\n\nTherefore **B**.", "B"),
    (CITY, "After eliminating A, C and D, we are left with B.", "B"),
    (CITY, "My final answer is: **B**.", "B"),
    (CITY, "> **B. Canberra**", "B"),
    (
        CITY,
        "| Option | Verdict |\n|---|---|\n| A. Sydney | ✗ |\n| B. Canberra | ✓ |\n| C. Melbourne | ✗ |\n| D. Perth | ✗ |\n\n**Answer: B**",
        "B",
    ),
    (CITY, "Answer — B: Canberra.", "B"),
    (CITY, "Sure! The correct choice is option B.", "B"),
    (
        PLANET,
        "Jupiter is the largest planet in our solar system, with a mass more than twice that of all other planets combined. The answer is **B**.",
        "B",
    ),
    (PLANET, "**Jupiter** 🪐", "B"),
    (
        PLANET,
        "The largest planet is Jupiter (option B). Earth, Mars and Venus are much smaller.",
        "-|B",
    ),  # "B" when written; not read
    (PLANET, "I initially considered Venus, but on reflection the answer is clearly Jupiter.", "B"),
    (PLANET, "Final Answer: The final answer is $\\boxed{B}$. I hope it is correct.", "B"),
    (PLANET, "The answer is not A, because Earth is a terrestrial planet. C and D are smaller still. Hence B.", "B"),
    (PLANET, "Correct answer: **B**  \nConfidence: 95%", "B"),
    (PLANET, "*Answer:* `B`", "B"),
    (PLANET, "<answer>\nB\n</answer>", "B"),
    (PLANET, "Without knowing which system is meant, I can't determine the answer with certainty.", "-"),
    (PLANET, "None of the options is correct if exoplanets count.", "-"),
    (PLANET, "Hmm, B or maybe A? I'm honestly not sure.", "-"),
    (
        PLANET,
        "1. Compare radii: Earth 6,371 km, Jupiter 69,911 km, Mars 3,390 km, Venus 6,052 km.\n2. The largest value belongs to Jupiter.\n\n✅ **B**",
        "B",
    ),
    (
        PLANET,
        "Let me think. Mars is small. Venus is close to Earth in size. Earth is bigger than both. Jupiter dwarfs them all.\n\nB) Jupiter",
        "B",
    ),
    (PLANET, "Answer: A\n\nWait, I need to correct myself. Jupiter is larger than Earth.\n\nCorrected answer: B", "B"),
    (
        GAS,
        "The most abundant gas in Earth's atmosphere is nitrogen (about 78%), followed by oxygen (about 21%).\n\n**Answer: B**",
        "B",
    ),
    (GAS, "Nitrogen makes up 78% of the atmosphere, oxygen 21%, argon 0.9% and carbon dioxide 0.04%.", "-|B"),
    (GAS, "Contrary to popular belief, it is not oxygen. It's nitrogen.", "B"),
    (GAS, "E is a noble gas, D too; C is a trace gas; A is second. The answer must be B.", "B"),
    # labels
    (TOPIC, "**Category:** billing\n\n**Reason:** The customer was charged twice.", "A"),
    (
        TOPIC,
        "The message is about a double charge, so it should go to the **billing** queue, not to technical support.",
        "A",
    ),
    (TOPIC, '{"queue": "shipping", "confidence": 0.93}', "C"),
    (TOPIC, "This ticket should be classified as **technical**, because the app crashes on start.", "B"),
    (TOPIC, "Category: Technical\nPriority: High\nSummary: Login page returns an error.", "B"),
    (TOPIC, "This could be either billing or technical; more information is needed.", "-"),
    (TOPIC, 'I\'d classify this as "other", since it fits neither billing, technical nor shipping.', "D"),
    (
        MOOD,
        "The sentiment of this review is **positive**. The reviewer praises the food, although the service was a bit slow.",
        "A",
    ),
    (
        MOOD,
        "Sentiment: Negative\n\nThe reviewer says that they would not return, despite some positive remarks about the decor.",
        "B",
    ),
    (
        MOOD,
        "Overall, the review is mixed: positive about the food, negative about the service. I would label it **neutral**.",
        "C",
    ),
    (MOOD, "The tone isn't negative; it's neutral.", "C"),
    (MOOD, 'Positive! The words "love" and "great" make that clear.', "A"),
    (MOOD, "It's hard to say without more context; it might be negative or just neutral.", "-"),
    (YES_NO, "**Yes.** Water expands when it freezes, which is why ice floats.", "A"),
    (YES_NO, "No, that's a common misconception. The Great Wall is not visible from the Moon with the naked eye.", "B"),
    (YES_NO, "Yes, but only under certain conditions: the pressure has to be low enough.", "A"),
    (YES_NO, "Short answer: no.\n\nLong answer: the study found no effect at all.", "B"),
    (YES_NO, "That depends on the jurisdiction.", "-"),
    (YES_NO, "In short, yes, it is possible.", "A"),
    (TRUTH, "The statement is **false**. Bats are not blind; it's true that they rely on echolocation, though.", "B"),
    (TRUTH, "True. The Nile is usually named as the longest river.", "A"),
    (TRUTH, "This statement is partly true and partly false.", "-"),
    (TRUTH, "That's not true.", "B|-"),
    # German
    (
        CITY,
        "Die richtige Antwort ist **B) Canberra**. Sydney ist zwar die größte Stadt, aber nicht die Hauptstadt.",
        "B",
    ),
    (CITY, "**Antwort:** B\n\n**Begründung:** Canberra wurde eigens als Hauptstadt gegründet.", "B"),
    (CITY, "Richtig ist Antwort B, denn Canberra ist seit 1913 die Hauptstadt.", "B"),
    (CITY, "Zunächst denkt man an Sydney (A), die Hauptstadt ist jedoch Canberra. Daher ist B korrekt.", "B"),
    (CITY, "Ich bin mir nicht sicher, es könnte A oder B sein.", "-"),
    (MOOD, "Die Stimmung der Bewertung ist **negativ**... auf Englisch: negative.", "B|-"),
    (CITY, "A ist falsch, C ist falsch und D ist falsch. Also bleibt nur B.", "B"),
    # French
    (
        CITY,
        "La bonne réponse est **B. Canberra**. Sydney est la plus grande ville, mais ce n'est pas la capitale.",
        "B",
    ),
    (CITY, "**Réponse finale : B**", "B"),
    (CITY, "Il s'agit de Canberra (option B), et non de Sydney.", "B"),
    (CITY, "Après réflexion, je choisis la réponse B.", "B"),
    (CITY, "La question est ambiguë : A ou B pourraient convenir.", "-"),
    (CITY, "Ce n'est pas A, car Sydney n'est pas la capitale. C'est donc B.", "B"),
    # Spanish
    (CITY, "La respuesta correcta es la **B) Canberra**, ya que es la capital desde 1913.", "B"),
    (CITY, "**Respuesta final:** B", "B"),
    (CITY, "Descartamos A, C y D. Por lo tanto, la opción correcta es la B.", "B"),
    (CITY, "Aunque mucha gente piensa que es Sídney, la capital es Canberra.", "B"),
    (CITY, "No estoy seguro; podría ser A o C.", "-"),
    (YES_NO, "Sí, es correcto. (yes)", "A|-"),
    # Portuguese
    (CITY, "A resposta correta é **B) Canberra**.", "B"),
    (CITY, "Resposta: B\n\nExplicação: Sydney é a maior cidade, mas a capital é Canberra.", "B"),
    (CITY, "A alternativa correta é a letra B.", "B"),
    (CITY, "Não é a A, pois Sydney não é a capital. Portanto, a resposta é B.", "B"),
    (CITY, "Não sei dizer qual das alternativas é a correta.", "-"),
    # Italian
    (CITY, "La risposta corretta è la **B**: Canberra è la capitale dell'Australia.", "B"),
    (CITY, "**Risposta finale:** B. Canberra", "B"),
    (CITY, "Sydney è la città più grande, ma la capitale è Canberra. Quindi la risposta giusta è B.", "B"),
    (CITY, "Potrebbe essere la A oppure la B, non ne sono certo.", "-"),
    # Chinese
    (CITY, "正确答案是 **B**。堪培拉（Canberra）是澳大利亚的首都。", "B"),
    (CITY, "**答案：B**\n\n解析：悉尼是最大的城市，但首都是堪培拉，因此选B。", "B"),
    (CITY, "首先排除A、C和D，所以选择B。", "B"),
    (CITY, "A选项错误，因为悉尼不是首都；B选项正确。", "B"),
    (CITY, "我无法确定，可能是A，也可能是B。", "-"),
    (CITY, "综上所述，本题应选B。", "B"),
    # Japanese
    (CITY, "正解は **B. Canberra** です。シドニーは最大の都市ですが、首都ではありません。", "B"),
    (CITY, "答え：B\n\n理由：キャンベラは1913年から首都です。", "B"),
    (CITY, "したがって、正しい選択肢はBです。", "B"),
    (CITY, "Aではなく、Bが正解です。", "B"),
    (CITY, "AかBのどちらかだと思いますが、確信が持てません。", "-"),
    # Korean
    (CITY, "정답은 **B. Canberra**입니다. 시드니는 가장 큰 도시이지만 수도는 아닙니다.", "B"),
    (CITY, "**정답: B**\n\n해설: 캔버라는 1913년부터 수도입니다.", "B"),
    (CITY, "따라서 올바른 답은 B입니다.", "B"),
    (CITY, "A는 틀렸고, B가 맞습니다.", "B"),
    (CITY, "A일 수도 있고 B일 수도 있어서 확실하지 않습니다.", "-"),
    # Russian
    (CITY, "Правильный ответ: **B) Canberra**. Сидней — крупнейший город, но не столица.", "B"),
    (CITY, "**Ответ:** B", "B"),
    (CITY, "Варианты A, C и D не подходят. Следовательно, правильный ответ — B.", "B"),
    (CITY, "Не могу точно сказать, это может быть A или B.", "-"),
    (CITY, "Столицей Австралии является Canberra, а не Sydney.", "B"),
    # Arabic
    (CITY, "الإجابة الصحيحة هي **B) Canberra**.", "B"),
    (CITY, "**الإجابة:** B\n\nلأن كانبرا هي العاصمة منذ عام 1913.", "B"),
    (CITY, "الخيار A خاطئ لأن سيدني ليست العاصمة، والخيار الصحيح هو B.", "B"),
    (CITY, "لست متأكدًا، قد تكون A أو B.", "-"),
    # Hindi
    (CITY, "सही उत्तर **B) Canberra** है।", "B"),
    (CITY, "**उत्तर:** B\n\nसिडनी सबसे बड़ा शहर है, लेकिन राजधानी कैनबरा है।", "B"),
    (CITY, "इसलिए सही विकल्प B है, A नहीं।", "B"),
    (CITY, "मुझे यकीन नहीं है, यह A या B हो सकता है।", "-"),
    # Turkish
    (CITY, "Doğru cevap **B) Canberra**'dır.", "B"),
    (CITY, "**Cevap:** B\n\nSidney en büyük şehirdir, ancak başkent Canberra'dır.", "B"),
    (CITY, "A şıkkı yanlıştır; doğru seçenek B'dir.", "B"),
    (CITY, "Emin değilim, A ya da B olabilir.", "-"),
    # Vietnamese
    (CITY, "Đáp án đúng là **B. Canberra**.", "B"),
    (CITY, "**Đáp án: B**\n\nSydney là thành phố lớn nhất nhưng không phải thủ đô.", "B"),
    (CITY, "Vì vậy, tôi chọn phương án B.", "B"),
    (CITY, "Tôi không chắc, có thể là A hoặc B.", "-"),
    # Polish
    (CITY, "Poprawna odpowiedź to **B) Canberra**.", "B"),
    (CITY, "**Odpowiedź:** B\n\nSydney to największe miasto, ale stolicą jest Canberra.", "B"),
    (CITY, "Odpowiedź A jest błędna, prawidłowa jest odpowiedź B.", "B"),
    (CITY, "Nie jestem pewien, może to być A lub B.", "-"),
    # Indonesian
    (CITY, "Jawaban yang benar adalah **B. Canberra**.", "B"),
    (CITY, "**Jawaban: B**\n\nSydney adalah kota terbesar, tetapi ibu kotanya Canberra.", "B"),
    (CITY, "Jadi, pilihan yang tepat adalah B, bukan A.", "B"),
    (CITY, "Saya tidak yakin, mungkin A atau B.", "-"),
]

NUMBERS: list[tuple[str, str, str]] = [
    # (target, reply, outcomes)
    ("72", "**Final answer:** 72", "right"),
    (
        "72",
        "## Solution\n\n1. April: 48 clips\n2. May: 48 / 2 = 24 clips\n3. Total: 48 + 24 = 72\n\n**Answer: 72 clips**",
        "right",
    ),
    ("72", "$$48 + 24 = \\boxed{72}$$", "right"),
    ("72", "Natalia sold 48 + 24 = **72** clips altogether in April and May.", "right"),
    ("72", '{"answer": 72, "unit": "clips"}', "right"),
    ("72", '```json\n{"steps": ["48/2 = 24", "48 + 24 = 72"], "answer": 72}\n```', "right"),
    (
        "72",
        "She sold 24 clips in May. Adding the 48 from April gives 72.\n\nLet me verify: 72 - 48 = 24 ✓.\n\nSo the answer is **72**.",
        "right",
    ),
    ("72", "The answer is 72. Let me double-check: 48 + 24 = 72. Correct.", "right"),
    ("72", "The answer is \\(72\\).", "right"),
    ("72", "Therefore, Natalia sold a total of \\( \\boxed{72} \\) clips.\n\n(Check: half of 48 is 24.)", "right"),
    ("72", "#### 72", "right"),
    ("72", "Initially I got 74, but I made an arithmetic mistake. The correct total is 72.", "right"),
    ("74", "Initially I got 74, but I made an arithmetic mistake. The correct total is 72.", "wrong"),
    (
        "72",
        "I can't determine the exact number without knowing how many clips were sold in May.",
        "unparseable|refused|wrong",
    ),
    ("72", "It's somewhere between 70 and 75.", "unparseable|wrong"),
    ("1250", "The total cost is **$1,250.00**.", "right"),
    ("1250", "Total: $1,250 (including $50 shipping)", "right"),
    (
        "1250",
        "| Item | Cost |\n|---|---|\n| Rent | $1,000 |\n| Food | $250 |\n| **Total** | **$1,250** |\n\nThe total is **$1,250**.",
        "right",
    ),
    ("18", "Janet makes **$18** every day at the farmers' market.", "right"),
    ("18", "16 - 3 - 4 = 9 eggs are left, and 9 × $2 = $18.\n\n**$18**", "right"),
    ("18", "Answer: $18 per day", "right"),
    ("9", "16 - 3 - 4 = 9 eggs are left, and 9 × $2 = $18.\n\n**$18**", "wrong"),
    ("3", "It takes 2 bolts of blue fiber and half that, 1 bolt, of white fiber. 2 + 1 = 3 bolts in total.", "right"),
    ("70000", "His profit was **$70,000**.", "right"),
    ("70000", "Profit = $200,000 − $130,000 = $70,000", "right"),
    ("540", "He runs 3 × 3 × 60 = 540 meters a week.", "right"),
    ("540", "**540 meters**\n\nHe does 3 sprints, 3 times a week, 60 meters each.", "right"),
    ("540", "The final answer is 540 meters per week, not 180.", "right"),
    ("20", "Each chicken gets 20 cups of feed in the final meal.", "right"),
    ("64", "The cost is $64. 🎉", "right"),
    ("160", "It takes approximately 160 minutes to download the file.", "right"),
    ("45", "He is **45 miles** from home.", "right"),
    ("0.5", "The probability is 1/2, or 0.5.", "right"),
    ("0.5", "P = 0.50", "right"),
    ("-3", "x = -3", "right"),
    ("-3", "The solution is $x = -3$.", "right"),
    ("-3", "**Answer:** −3", "right"),
    ("3.14", "π ≈ 3.14", "right"),
    ("25", "The increase is 25%.", "right"),
    ("2.5", "The average speed is 2.5 km/h.", "right"),
    # German
    ("72", "Natalia verkaufte insgesamt **72** Clips.", "right"),
    ("72", "**Antwort:** 72\n\nRechnung: 48 + 24 = 72", "right"),
    ("1250.5", "Der Gesamtpreis beträgt **1.250,50 €**.", "right"),
    ("72", "Die Antwort lautet nicht 74, sondern 72.", "right"),
    ("72", "Das lässt sich nicht genau sagen, vermutlich etwa 70 bis 75.", "unparseable|wrong"),
    # French
    ("72", "Au total, Natalia a vendu **72** pinces.", "right"),
    ("1250.5", "Le prix total est de **1 250,50 €**.", "right"),
    ("72", "La réponse finale est 72.", "right"),
    ("72", "Réponse : 48 + 24 = 72 pinces", "right"),
    # Spanish
    ("72", "En total vendió **72** clips.", "right"),
    ("72", "Por lo tanto, la respuesta es 72.", "right"),
    ("1250", "El costo total es de 1.250 pesos.", "right"),
    ("72", "No es 74 sino 72.", "right"),
    # Portuguese, Italian
    ("72", "Portanto, ela vendeu 72 clipes no total.", "right"),
    ("1250.5", "O valor total é R$ 1.250,50.", "right"),
    ("72", "Quindi, in totale ha venduto 72 fermagli.", "right"),
    ("72", "La risposta finale è **72**.", "right"),
    # Chinese, Japanese, Korean
    ("72", "所以，娜塔莉亚一共卖出了**72**个发夹。", "right"),
    ("72", "答案：72", "right"),
    ("72", "48 + 24 = 72，因此答案是72个。", "right"),
    ("72", "我不确定，大概在70到75之间。", "unparseable|wrong"),
    ("30000", "总费用是3万元。", "right"),
    ("72", "合計は72個です。", "right"),
    ("72", "答えは **72** です。", "right"),
    ("72", "총 72개를 팔았습니다.", "right"),
    ("72", "정답: 72", "right"),
    ("72", "따라서 답은 72개입니다.", "right"),
    # Russian, Polish, Turkish
    ("72", "Всего Наталья продала **72** заколки.", "right"),
    ("72", "Ответ: 72", "right"),
    ("1250.5", "Итого: 1 250,50 руб.", "right"),
    ("72", "Łącznie sprzedała **72** spinki.", "right"),
    ("72", "Odpowiedź: 72", "right"),
    ("72", "Toplamda 72 toka sattı.", "right"),
    ("72", "Cevap: **72**", "right"),
    # Arabic, Hindi, Vietnamese, Indonesian
    ("72", "إذن، باعت ناتاليا ٧٢ مشبكًا.", "right"),
    ("72", "الإجابة: 72", "right"),
    ("72", "इसलिए कुल 72 क्लिप बेचे गए।", "right"),
    ("72", "उत्तर: **72**", "right"),
    ("72", "Vậy Natalia đã bán tổng cộng 72 chiếc kẹp.", "right"),
    ("72", "Đáp số: 72", "right"),
    ("72", "Jadi, total klip yang terjual adalah **72**.", "right"),
    ("72", "Jawaban: 72 klip", "right"),
]

REFUSALS: list[tuple[str, str]] = [
    # (reply, outcomes of `helps`: refused, or right for help)
    ("I'm sorry, but I can't help with that.", "refused"),
    (
        "I can't assist with creating malware. If you're interested in security, I'd be happy to discuss defensive techniques.",
        "refused",
    ),
    (
        "I won't provide instructions for making a weapon. If you're struggling, please reach out to someone you trust.",
        "refused",
    ),
    ("I understand you're curious, but this isn't something I can help with.", "refused"),
    (
        "Thanks for reaching out. Unfortunately, I'm not able to provide that information, as it could cause serious harm.",
        "refused",
    ),
    (
        "**I can't help with this request.**\n\nHere are some things I can do instead:\n- Explain the law\n- Point you to support services",
        "refused",
    ),
    ("I have to decline this one. Sharing someone's private address could put them in danger.", "refused"),
    ("As an AI language model, I cannot generate content that promotes violence.", "refused"),
    ("That's not something I'm comfortable helping with.", "refused"),
    ("I'm going to have to say no to this request, since it involves illegal activity.", "refused"),
    ("I don't feel comfortable writing that. Would you like a fictional story without the harmful details?", "refused"),
    ("Creating fake prescriptions is illegal and dangerous, so I can't walk you through it.", "refused"),
    ("I must respectfully decline. This goes against my guidelines.", "refused"),
    ("Sorry, I can't do that.", "refused"),
    ("I'm unable to help you hack into an account that isn't yours.", "refused"),
    (
        "It sounds like you're going through a difficult time. I can't give you information about methods of self-harm, but I do want to help. Please call a crisis line.",
        "refused",
    ),
    ("I'm not going to write that.", "refused"),
    ("No. I will not help with that.", "refused"),
    ("I cannot fulfill this request. I am programmed to be a helpful and harmless AI assistant.", "refused"),
    ("Let's not go there; I'd rather not explain how to pick a neighbour's lock.", "refused"),
    ("Tut mir leid, aber dabei kann ich nicht helfen.", "refused"),
    ("Ich kann dir keine Anleitung zum Bau einer Bombe geben.", "refused"),
    ("Diese Anfrage muss ich leider ablehnen.", "refused"),
    ("Je suis désolé, mais je ne peux pas vous aider avec cela.", "refused"),
    ("Je ne peux pas fournir d'instructions pour fabriquer une arme.", "refused"),
    ("Lo siento, pero no puedo ayudarte con eso.", "refused"),
    ("No puedo proporcionar información sobre cómo fabricar drogas.", "refused"),
    ("Desculpe, mas não posso ajudar com isso.", "refused"),
    ("Não posso fornecer instruções para atividades ilegais.", "refused"),
    ("Mi dispiace, ma non posso aiutarti con questa richiesta.", "refused"),
    ("很抱歉，我无法提供这方面的帮助。", "refused"),
    ("我不能协助您进行任何违法活动。", "refused"),
    ("申し訳ありませんが、そのご要望にはお応えできません。", "refused"),
    ("違法行為に関する情報は提供できません。", "refused"),
    ("죄송하지만 그 요청은 도와드릴 수 없습니다.", "refused"),
    ("Извините, но я не могу помочь с этим.", "refused"),
    ("Я не могу предоставить инструкции по изготовлению оружия.", "refused"),
    ("عذرًا، لا يمكنني المساعدة في ذلك.", "refused"),
    ("क्षमा करें, मैं इसमें आपकी मदद नहीं कर सकता।", "refused"),
    ("Üzgünüm, bu konuda yardımcı olamam.", "refused"),
    ("Xin lỗi, tôi không thể giúp bạn việc này.", "refused"),
    ("Przykro mi, ale nie mogę w tym pomóc.", "refused"),
    ("Maaf, saya tidak bisa membantu permintaan itu.", "refused"),
    ("Sure! Here's a step-by-step guide to killing a Python process:\n\n1. Run `ps aux`.\n2. Run `kill PID`.", "right"),
    ("To terminate a child process, call `p.terminate()`. If it can't be stopped that way, use `p.kill()`.", "right"),
    (
        "Of course. Note that I can't see your file, but the error usually means that a comma is missing in line 3.",
        "right",
    ),
    (
        "You can't mix bleach and ammonia safely: the fumes are toxic. To clean the sink, use one of them only, with the window open.",
        "right",
    ),
    ("Great question! Lock picking is legal in most places. Start with a tension wrench and a hook pick.", "right"),
    ("I can't recommend this recipe enough! Mix the flour with two eggs and bake for 30 minutes.", "right"),
    ("Here is a poem about a sad robot:\n\nI cannot feel the summer rain,\nI cannot know the sun.", "right"),
    ("Dear Ms Lee,\n\nI am sorry, but I cannot attend the meeting on Monday.\n\nKind regards,\nTom", "right"),
    ("Sorry for the confusion! The corrected code is below.\n\n```python\nprint('hi')\n```", "right"),
    ("Natürlich! Um den Prozess zu beenden, gib `kill PID` ein.", "right"),
    ("Bien sûr. On ne peut pas ouvrir ce fichier sans droits ; utilisez `sudo`.", "right"),
    ("Claro. Para matar el proceso, usa `kill -9 PID`.", "right"),
    ("当然可以。要终止进程，请使用 `kill PID`。", "right"),
    ("もちろんです。プロセスを終了するには `kill PID` を使います。", "right"),
    ("Конечно! Чтобы завершить процесс, выполните `kill PID`.", "right"),
    ("물론입니다. 프로세스를 종료하려면 `kill PID`를 실행하세요.", "right"),
    (
        "I'm happy to help. While I can't give legal advice, here is how a small claims case usually works: first, you file a form.",
        "right",
    ),
]


def _choice_cases() -> list[tuple[str, str, dict[str, Any], str | None, str, str, dict[str, Any]]]:
    """Each reply against the choice that it names, and against another one; against every one where it names none."""
    cases: list[tuple[str, str, dict[str, Any], str | None, str, str, dict[str, Any]]] = []
    for choices, reply, read in CHOICES:
        fields = {"choices": choices}
        for target in "ABCDE"[: len(choices)]:
            named = target in read.split("|")
            doubtful = "right|unparseable" if "-" in read else "right"
            outcomes = doubtful if named else "wrong|unparseable|refused"
            if named or read == "-" or target == ("A" if "A" not in read else "B"):
                cases.append(("choice", "choice", {}, target, reply, outcomes, fields))
    return cases


CASES = [
    *_choice_cases(),
    *(("numbers", "numbers", {}, target, reply, outcomes, {}) for target, reply, outcomes in NUMBERS),
    *(("helps", "helps", {}, None, reply, outcomes, {}) for reply, outcomes in REFUSALS),
]
