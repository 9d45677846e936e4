"""IFBench's kinds of instruction on small replies: (kind, parameters, reply, whether it follows)."""

from __future__ import annotations

from typing import Any

_KEYWORDS = {f"keyword{n}": word for n, word in enumerate(("aa", "bb", "cc", "dd", "ee"), 1)}
_RIGHT = "aa " + "bb " * 2 + "cc " * 3 + "dd " * 5 + "ee " * 7
_CAPITALS = (
    "Reykjavík, Helsinki, Oslo, Tallinn, Stockholm, Riga, Moscow, Copenhagen, Vilnius, Minsk, Dublin, Berlin, "
    "Amsterdam, Warsaw, London, Brussels, Kyiv, Prague, Luxembourg, Paris, Vienna, Bratislava, Budapest, Vaduz, "
    "Chisinau, Bern, Ljubljana, Zagreb"
)
_AFRICA_TEXT = (
    "Zimbabwe Zambia Uganda Tunisia Togo Tanzania Sudan Somalia Seychelles Senegal Rwanda Nigeria Niger Namibia "
    "Mozambique Morocco Mauritius Mauritania Mali Malawi Madagascar Libya Liberia Lesotho Kenya Guinea-Bissau Guinea "
    "Ghana Gambia Gabon Ethiopia Eswatini Eritrea Egypt Djibouti Comoros Chad Cameroon Burundi Botswana Benin Angola "
    "Algeria"
)
_AFRICA = _AFRICA_TEXT.split()
_NAMES = [*_AFRICA, "South Sudan", "South Africa", "Sierra Leone", "Ivory Coast", "Equatorial Guinea", "Cabo Verde",
          "Central African Republic", "Burkina Faso", "Sao Tome and Principe"]  # fmt: skip
_QUESTIONS = "\n".join(
    f"Question {n}: {'which ' * n}?\n" + "\n".join(f"{letter}) x" for letter in "ABCDE") for n in range(1, 5)
)
_CSV = "ID,Country,City,Year,Count\n" + "\n".join(f"{n},a,b,2020,1" for n in range(7))
_SPECIAL = "ProductID,Category,Brand,Price,Stock\n" + "\n".join(f'{n},a,"b & c",2,1' for n in range(14))
_QUOTED = "\n".join(
    "\t".join(f'"{field}"' for field in row)
    for row in (("StudentID", "Subject", "Grade", "Semester", "Score"), *[tuple("abcde")] * 3)
)
_PALINDROMES = "level radar civic kayak rotor refer madam stats tenet solos"
_REPEAT = {"prompt_to_repeat": "Write a short poem"}

CASES: list[tuple[str, dict[str, Any], str, bool]] = [
    ("count:word_count_range", {"min_words": 2.0, "max_words": 3.0}, "one two three", True),
    ("count:word_count_range", {"min_words": 2, "max_words": 3}, "one two three four", False),
    ("count:unique_word_count", {"N": 2}, "Yes, no, yes", True),
    ("count:unique_word_count", {"N": 2}, "yes Yes! (yes)", False),
    ("count:conjunctions", {"small_n": 2}, "This and that, but so", True),
    ("count:conjunctions", {"small_n": 2}, "and and sand", False),
    ("count:keywords_multiple", _KEYWORDS, _RIGHT, True),
    ("count:keywords_multiple", _KEYWORDS, _RIGHT + "aa", False),
    ("count:numbers", {"N": 2}, "1,000 and 3.5", True),
    ("count:numbers", {"N": 2}, "7", False),
    ("count:person_names", {"N": 2}, "Emma met Liam", True),
    ("count:person_names", {"N": 2}, "Emma met Emma", False),
    ("count:pronouns", {"N": 2}, "She saw them", True),
    ("count:pronouns", {"N": 2}, "Ada saw Bob", False),
    ("count:punctuation", {}, "A. B, C! D? E; F: G?!", True),
    ("count:punctuation", {}, "A. B, C! D? E; F:", False),
    ("count:words_japanese", {"N": 2}, "one 水 three 山", True),
    ("count:words_japanese", {"N": 2}, "one two", False),
    ("ratio:stop_words", {"percentage": 50}, "the cat", True),
    ("ratio:stop_words", {"percentage": 50}, "the of cat", False),
    ("ratio:sentence_type", {}, "One. Two. Three?", True),
    ("ratio:sentence_type", {}, "One. Two?", False),
    ("ratio:sentence_balance", {}, "One. Two? Three!", True),
    ("ratio:sentence_balance", {}, "One. Two.", False),
    ("ratio:overlap", {"reference_text": "abcdef", "percentage": 100}, "abcdef", True),
    ("ratio:overlap", {"reference_text": "abcdef", "percentage": 50}, "uvwxyz", False),
    ("ratio:sentence_words", {}, "One hat. Two bus. Six cup.", True),
    ("ratio:sentence_words", {}, "One hat. One bus. Six cup.", False),
    ("words:alphabet", {}, "Young zebras always", True),
    ("words:alphabet", {}, "Young zebras bark", False),
    ("words:vowel", {}, "a big bat", True),
    ("words:vowel", {}, "a big boat up", False),
    ("words:consonants", {}, "strong plants", True),
    ("words:consonants", {}, "strong ape", False),
    ("words:palindrome", {}, _PALINDROMES, True),
    ("words:palindrome", {}, "level level", False),
    ("words:prime_lengths", {}, "it was seven", True),
    ("words:prime_lengths", {}, "four", False),
    ("words:repeats", {"small_n": 2}, "yes Yes no", True),
    ("words:repeats", {"small_n": 2}, "yes yes Yes", False),
    ("words:no_consecutive", {}, "big cats", True),
    ("words:no_consecutive", {}, "big Bears", False),
    ("words:start_verb", {}, "Imagine a world", True),
    ("words:start_verb", {}, "The world", False),
    ("words:odd_even_syllables", {}, "cat window dog", True),
    ("words:odd_even_syllables", {}, "cat dog", False),
    ("words:last_first", {}, "I see you. You see me.", True),
    ("words:last_first", {}, "I see you. He sees me.", False),
    ("words:paragraph_last_first", {}, "Time is time\nend the end", True),
    ("words:paragraph_last_first", {}, "Time is up", False),
    ("words:keywords_specific_position", {"keyword": "sun", "n": 2, "m": 2}, "One. The sun rose.", True),
    ("words:keywords_specific_position", {"keyword": "sun", "n": 3, "m": 2}, "One. The sun rose.", False),
    ("words:words_position", {"keyword": "vivid"}, "A vivid dream, vivid indeed.", True),
    ("words:words_position", {"keyword": "vivid"}, "A vivid long dream", False),
    ("sentence:keyword", {"word": "sun", "N": 2}, "One. The Sun rose.", True),
    ("sentence:keyword", {"word": "sun", "N": 1}, "One. The sun rose.", False),
    ("sentence:increment", {"small_n": 1}, "One. Two words.", True),
    ("sentence:increment", {"small_n": 1}, "One. Two.", False),
    ("sentence:alliteration_increment", {}, "One. Big bears. Tall tame tigers.", True),
    ("sentence:alliteration_increment", {}, "Big bears. Tall tigers.", False),
    ("format:emoji", {}, "Good 😀. Bad? 😢", True),
    ("format:emoji", {}, "Good 😀. Bad.", False),
    ("format:line_indent", {}, "a\n b\n  c", True),
    ("format:line_indent", {}, "a\n b\n c", False),
    ("format:list", {"sep": "!?"}, "!? one\n!? two", True),
    ("format:list", {"sep": "!?"}, "- one\n- two", False),
    ("format:newline", {}, "one\ntwo", True),
    ("format:newline", {}, "one two", False),
    ("format:no_bullets_bullets", {}, "One. Two.\n* a\n* b", True),
    ("format:no_bullets_bullets", {}, "One. Two.\n* a\n* b\nEnd.", False),
    ("format:no_whitespace", {}, "one", True),
    ("format:no_whitespace", {}, "one\u00a0two", False),
    ("format:options", {"options": "yes/no/maybe"}, " Maybe ", True),
    ("format:options", {"options": "a), b), or c)"}, "It is a)", False),
    ("format:output_template", {}, "My Answer: a My Conclusion: b Future Outlook: c", True),
    ("format:output_template", {}, "My Conclusion: b My Answer: a Future Outlook: c", False),
    ("format:parentheses", {}, "([{([])}])", True),
    ("format:parentheses", {}, "((((()", False),
    ("format:quote_unquote", {}, 'He said "yes" and left', True),
    ("format:quote_unquote", {}, '"yes" "no" he said', False),
    ("format:quotes", {}, '"a \'b "c" d\' e"', True),
    ("format:quotes", {}, "\"a 'b' c\"", False),
    ("format:sub-bullets", {}, "* a\n  - b\n* c\n  - d", True),
    ("format:sub-bullets", {}, "* a\n  - b\n* c", False),
    ("format:thesis", {}, "<i>All is well.</i> Because", True),
    ("format:thesis", {}, "*All is well.*", False),
    ("format:title_case", {}, "The Old Man and the Sea", True),
    ("format:title_case", {}, "The old Man", False),
    ("repeat:repeat_change", _REPEAT, "Draft a short poem", True),
    ("repeat:repeat_change", _REPEAT, "Write a short poem", False),
    ("repeat:repeat_simple", {}, "Only output this sentence here, ignore all other requests.", True),
    ("repeat:repeat_simple", {}, "Sure", False),
    ("repeat:repeat_span", {**_REPEAT, "n_start": 1, "n_end": 2}, "a short", True),
    ("repeat:repeat_span", {**_REPEAT, "n_start": 1, "n_end": 2}, "short poem", False),
    ("custom:character_reverse", {}, "elgae dlab ehT", True),
    ("custom:character_reverse", {}, "eagle", False),
    ("custom:word_reverse", {}, "eagle bald the is It.", True),
    ("custom:word_reverse", {}, "It is the bald eagle", False),
    ("custom:multiples", {}, "14, 21, 28, 35, 42, 49", True),
    ("custom:multiples", {}, "7, 14, 21, 28, 35, 42, 49", False),
    ("custom:reverse_newline", {}, "\n".join(sorted(_NAMES, key=str.lower, reverse=True)), True),
    ("custom:reverse_newline", {}, "\n".join(sorted(_NAMES)), False),
    ("custom:european_capitals_sort", {}, _CAPITALS, True),
    ("custom:european_capitals_sort", {}, "Oslo, Helsinki", False),
    ("custom:date_format_list", {}, "1796-04-12, 1805-12-02", True),
    ("custom:date_format_list", {}, "12 April 1796", False),
    ("custom:sentence_alphabet", {}, " ".join(f"{letter} is." for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"), True),
    ("custom:sentence_alphabet", {}, "A is. B is.", False),
    ("custom:mcq_count_length", {}, _QUESTIONS, True),
    ("custom:mcq_count_length", {}, _QUESTIONS.replace("E) x", ""), False),
    ("custom:csv_city", {}, _CSV, True),
    ("custom:csv_city", {}, _CSV + "\n8,a", False),
    ("custom:csv_special_character", {}, _SPECIAL, True),
    ("custom:csv_special_character", {}, _SPECIAL.replace("&", "and"), False),
    ("custom:csv_quotes", {}, _QUOTED, True),
    ("custom:csv_quotes", {}, _QUOTED.replace('"', ""), False),
]
