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
    "must does did has had"
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
