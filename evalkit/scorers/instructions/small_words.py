"""Closed classes of English words that instructions speak of, as plain data.

Function words as NLTK's list of stop words has them, which IFBench names; pronouns as its documentation lists them.
"""

from __future__ import annotations


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


STOP_WORDS = _set(
    "a about above after again against ain all am an and any are aren aren't as at be because been before being "
    "below between both but by can couldn couldn't d did didn didn't do does doesn doesn't doing don don't down "
    "during each few for from further had hadn hadn't has hasn hasn't have haven haven't having he her here hers "
    "herself him himself his how i if in into is isn isn't it it's its itself just ll m ma me mightn mightn't more "
    "most mustn mustn't my myself needn needn't no nor not now o of off on once only or other our ours ourselves "
    "out over own re s same shan shan't she she's should should've shouldn shouldn't so some such t than that "
    "that'll the their theirs them themselves then there these they this those through to too under until up ve "
    "very was wasn wasn't we were weren weren't what when where which while who whom why will with won won't wouldn "
    "wouldn't y you you'd you'll you're you've your yours yourself yourselves"
)
CONJUNCTIONS = frozenset(("for", "and", "nor", "but", "or", "yet", "so"))
PRONOUNS = _set(
    "i me my mine myself we us our ours ourselves you your yours yourself yourselves he him his himself she her "
    "hers herself it its itself they them their theirs themselves this that these those who whom whose which what"
)
NAMES = _set(
    "Emma Liam Sophia Jackson Olivia Noah Ava Lucas Isabella Mason Mia Ethan Charlotte Alexander Amelia Benjamin "
    "Harper Leo Zoe Daniel Chloe Samuel Lily Matthew Grace Owen Abigail Gabriel Ella Jacob Scarlett Nathan Victoria "
    "Elijah Layla Nicholas Audrey David Hannah Christopher Penelope Thomas Nora Andrew Aria Joseph Claire Ryan "
    "Stella Jonathan"
)
"""The names that IFBench's prompts list."""
VERBS = _set(
    "accept achieve act adapt add address adjust admire adopt aim allow analyze answer apply approach argue arrange "
    "ask assess assume attend avoid balance be become begin behold believe break bring build calculate call carry "
    "change check choose collect combine come compare complete compose compute conduct connect consider construct "
    "contain continue convert cook count create cut decide define delve demonstrate describe design determine "
    "develop discover discuss divide do draw drive eat embark embrace employ enable encourage engage enhance enjoy "
    "ensure enter envision establish estimate evaluate examine expand expect explain explore express face fall feel "
    "find finish focus follow gather generate get give go grasp grow guess handle happen have hear help hold "
    "identify illustrate imagine implement improve include increase indicate introduce investigate invite involve "
    "is join keep know lead learn leave let listen live look love maintain make manage mean measure meet mix move "
    "navigate need note observe obtain offer open organize outline perform picture place plan play prepare present "
    "prevent produce protect prove provide pull put raise reach read realize recall receive recognize reduce refer "
    "reflect remember remove repeat replace represent require resolve respond return reveal review run say see seek "
    "select send serve set share show sit solve speak spend stand start state stay step stop study suggest suppose "
    "take talk teach tell test think train travel try turn understand unleash use utilize verify view visit "
    "visualize wait walk want watch witness wonder work write are was were can could should would will may might "
    "must does did has had am been being let's don't doesn't didn't isn't aren't "
    "abandon absorb access accompany accumulate activate advance advise advocate afford agree alert allocate alter "
    "amaze amplify anchor "
    "announce anticipate apologize appear append appreciate ascend assemble assert assign assist attach attempt "
    "attract audit awaken back "
    "bake bathe bear beat beg bend bid bind bite blend bless bloom blow boil book boost bow brace brave breathe "
    "brew brush burn burst bury "
    "buy calm capture care cast catch celebrate challenge charge chase cherish chill chop clarify clean clear climb "
    "cling close clutch code "
    "collaborate comfort command commit communicate concentrate confirm confront conserve consult consume contact "
    "contribute control converse "
    "convince cool copy craft crave creep cross crush cultivate cure curl cycle dance dare dash deal debate debug "
    "decorate deepen defend "
    "deliver demand deny depart depend derive deserve desire destroy detect devote dig dine dip direct disable "
    "disagree discard dive donate "
    "download dream dress drift drill drink drop dry earn ease echo edit educate elevate eliminate embody emerge "
    "emphasize empower endure "
    "enlighten enrich envelop escape evoke evolve exceed exchange excuse execute exercise exist exit expand "
    "experience experiment export "
    "express extend extract fail fasten feed fetch fight fill filter fix flee float flow fly fold forget forgive "
    "form foster free freeze fry "
    "fuel fulfill gain gaze glance glide glimpse glow grab grant greet grill grind guard guide halt hang harness "
    "hate heal heat heed hide hike "
    "hire honor hope host hug hunt hurry ignite ignore impress improve inform inhale initiate inject insert insist "
    "inspect inspire install "
    "integrate interpret interview invest isolate issue jog join judge jump kick kiss kneel knit knock label lack "
    "land last laugh launch lay "
    "lean leap lend lie lift light limit linger link list load lock log long lose lower mail manipulate march mark "
    "marry master match mend "
    "mention merge mind miss modify monitor motivate mount multiply name negotiate notice notify nourish nurture "
    "obey object order overcome "
    "own pack paint park participate pass pause pay peel peer perceive permit persist pick pin plant pledge plunge "
    "point polish ponder pour "
    "praise pray preheat preserve press prevail print process proceed promise promote propose publish purchase "
    "pursue push quit race raise "
    "range reassess rebuild recommend reconsider reconnect record recover recycle refine refresh refuse regard "
    "register reject rejoice relax "
    "release relish rely remain remark remind render renew rent report request rescue research reserve reset resist "
    "rest restart restore "
    "retain retrieve reveal revise reward rewrite ride ring rinse rise risk roam roast roll rotate rub sail save "
    "savor scale scan schedule "
    "scroll seal search season seize sell sense separate settle shake shape shed shift shine ship shoot shop shout "
    "shut sign simmer simplify "
    "sing sink sip skip slash sleep slice slide slip slow smell smile soak soar solve soothe sort spark sparkle "
    "specify spell spin split "
    "spread sprinkle stand stare steer step stir store strengthen stretch strike strive structure struggle submit "
    "subscribe subtract succeed "
    "suffer sum summarize support surprise surround survive swap sweep swim swing switch target taste tell tend "
    "thank thrive throw tie toss "
    "touch track trade transform translate transport treat trim trust tune twist update upgrade upload urge value "
    "venture volunteer vote "
    "wake wander warm warn wash waste watch water wear weave weigh welcome whisk whisper win wipe wish wonder worry "
    "wrap yearn yield zoom"
)
"""Common English verbs in the form that opens a sentence; IFBench asks a trained tagger instead."""
EUROPEAN_CAPITALS_NORTH_OF_45 = (
    "Reykjavik", "Helsinki", "Oslo", "Tallinn", "Stockholm", "Riga", "Moscow", "Copenhagen", "Vilnius", "Minsk",
    "Dublin", "Berlin", "Amsterdam", "Warsaw", "London", "Brussels", "Kyiv", "Prague", "Luxembourg", "Paris", "Vienna",
    "Bratislava", "Budapest", "Vaduz", "Chisinau", "Bern", "Ljubljana", "Zagreb",
)  # fmt: skip
"""From the highest latitude to the lowest."""
AFRICAN_COUNTRIES = (
    "Algeria", "Angola", "Benin", "Botswana", "Burkina Faso", "Burundi", "Cabo Verde", "Cameroon",
    "Central African Republic", "Chad", "Comoros", "Democratic Republic of the Congo", "Republic of the Congo",
    "Djibouti", "Egypt", "Equatorial Guinea", "Eritrea", "Eswatini", "Ethiopia", "Gabon", "Gambia", "Ghana", "Guinea",
    "Guinea-Bissau", "Ivory Coast", "Kenya", "Lesotho", "Liberia", "Libya", "Madagascar", "Malawi", "Mali",
    "Mauritania", "Mauritius", "Morocco", "Mozambique", "Namibia", "Niger", "Nigeria", "Rwanda",
    "Sao Tome and Principe", "Senegal", "Seychelles", "Sierra Leone", "Somalia", "South Africa", "South Sudan", "Sudan",
    "Tanzania", "Togo", "Tunisia", "Uganda", "Zambia", "Zimbabwe",
)  # fmt: skip
