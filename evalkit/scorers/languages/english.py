"""Words about answers in English (`evalkit.scorers.languages` says what each kind does)."""

from __future__ import annotations

WORDS: dict[str, dict[str, str]] = {
    "en": {
        "noun": "answer|answers|ans|option|options|choice|choices|solution|letter|final answer",
        "field": "response|conclusion|label|category|class|classification|verdict|sentiment|queue|statement|one|pick"
        "|selection|prediction|result|decision|output|final|tone|mood|polarity|attitude|stance|emotion|intent"
        "|relation|relationship|severity|priority|truth|alternative|your answer",
        "be": "is|are|was|'s|be|must be|should be|has to be|will be|ought to be|seems to be|appears to be|seems"
        "|remains|equals|being|turns out to be|turned out to be|turns out it is|turns out it's|proves to be",
        "would": "would be|would have been|'d be|were",
        "right": "right|correct|best|accurate|appropriate|fits|suitable|correctly|most likely|the most likely|only"
        "|most appropriate|most accurate|proper|closest|nearest|better|the closest",
        "wrong": "wrong|incorrect|false|invalid|untrue|inaccurate|mistaken|mistake|error|worst|least likely"
        "|distractor|misleading|eliminated|ruled out|excluded|impossible|unlikely|implausible|unsuitable"
        "|inappropriate|trap|does not fit|doesn't fit|not correct|not right|not true|not the right|not the correct"
        "|not the best|not possible|red herring|runner-up|runner up|second-best|second best|misconception|decoy"
        "|2nd choice|second choice|third choice|3rd choice|2nd best|next best|next-best|absurd|nonsense|nonsensical"
        "|untenable|bogus",
        "not": "not|no|never|neither|nor|isn't|aren't|wasn't|cannot|can't|can not|couldn't|won't|wouldn't|don't"
        "|doesn't|didn't|nobody|no one|anything but|all but|everything but|except|except for|all except|excluding"
        "|rule out|ruling out|rules out|exclude|eliminate|reject|discard|rather than|instead of|than|doubt|doubts"
        "|deny|denies|without|far from|hardly|ain't|isnt|unable|refuse|dismiss|avoid|shouldn't|should not"
        "|as opposed to|unlike|nothing|disagree|disagrees|no way|corrected from|changed from|updated from"
        "|revised from|nope|nah|nay|impossible for|unlikely for|hard for|difficult for",
        "choose": "choose|chose|pick|select|go with|going with|opt for|i say|my answer|settle on|go for|goes to"
        "|route this to|route it to|route to|assign this to|assign it to|send this to|send it to|classify this as"
        "|classify it as|classified as|categorize this as|categorize it as|label this as|label it as"
        "|i would label it|i'd label it|i would call it|i'd call it|i would call this|i'd call this|i label it"
        "|i would rate it|i'd rate it|i call it|go to|goes under|belongs to|belongs in|belong to|falls under"
        "|falls into|fall under|forward this to|forward it to|choose option|i'd say|i would say|i think|i believe"
        "|i am confident it is|filed under|file this under|sort this into|put this in|put this under|categorised as"
        "|categorized as|categorise this as|labelled as|labeled as|i go with|my vote is|changing it to|change it to"
        "|change my answer to|changing my answer to|switch to|switching to|switched to|revise it to|changing to"
        "|updating to|update it to|give it|i'd give it|i give it|i would give it|give this|rate it|i'd rate it"
        "|rate this|i rate this|deserves|i know it's|i know it is|i now know it's|i now know it is|change that to"
        "|let me change that to|i'll change that to|changing that to|i'll make it|i'll switch to|change it into"
        "|i'll take|i take|i'd take|i would take|vote for|i vote for|i see that it is|i see it is|i see it's"
        "|i now see that it is|i now see it is|i realize that it is|i realize it is|i realize it's|i realise it is"
        "|it turns out that it is",
        "maybe": "maybe|perhaps|possibly|probably|might|might be|may|may be|could|could be|can be|guess|guessing"
        "|either|likely|presumably|potentially|conceivably|suppose|supposedly|perhaps also|apparently|tentatively"
        "|lean|leaning|leaning towards|lean towards|partly|partially|somewhat|almost|nearly|plausible|arguably"
        "|suspect|in part|seemingly|about|approximately|roughly|between|hesitant|close to|toss-up|hunch|or maybe"
        "|or perhaps|or possibly|could also be|might also be|doubtful|questionable|debatable|chances that"
        "|possible answer|possible answers|one candidate|a candidate|one possibility|a possibility|one possible"
        "|alternative answer|an alternative|another option|another possibility|another candidate|another answer"
        "|one option|a possible|alternative :|alternatives :|alternative answer :|supposed to be|said to be"
        "|believed to be|claimed to be|assumed to be|reported to be|considered to be|meant to be|at best|at a push"
        "|if at all|premature|too early|too soon|rash|hasty|jump to the conclusion|jumping to the conclusion",
        "unsure": "not sure|unsure|not certain|uncertain|not confident|not entirely sure|not completely sure"
        "|don't know|do not know|hard to say|hard to tell|just a guess|only a guess|cannot be sure|can't be sure"
        "|can't be certain|no idea|can't tell|cannot tell|not 100% sure|not totally sure|not fully sure"
        "|not quite sure|cannot determine|can't determine|cannot decide|can't decide|difficult to say|cannot say"
        "|can't say|not so sure|not really sure|could be wrong|might be wrong|may be wrong|take it with|undecided"
        "|without certainty|low confidence|don't quote me|unable to determine|cannot be determined|wild guess"
        "|random guess|can't confirm|cannot confirm|can't verify|cannot verify|could not verify|couldn't verify"
        "|unable to verify|unable to confirm|not verified|haven't verified|have not verified|trick question|a trick"
        "|not convinced|not entirely convinced|not fully convinced|not totally convinced|have my doubts|have doubts"
        "|have some doubts|with some doubt|i'm torn|not 100% certain|not completely certain|not entirely certain"
        "|maybe not|perhaps not|or maybe not|or perhaps not|or not|then again|or is it|or was it|or wasn't it"
        "|or isn't it|could be mistaken|may be mistaken|might be mistaken|my foot|yeah right|as if|no chance"
        "|fat chance|get real|more than one|several answers|multiple answers|more than one answer|multiple options"
        "|i doubt it|i doubt that|that's what i would say|that's what i'd say|so they say|or so they say"
        "|or so i'm told|or so i thought|or so it seems|go either way|could go either way",
        "or": "or|and/or|versus|vs|alternatively|or else|or equivalently|alternately",
        "and": "and|as well as|plus|both|also|&",
        "if": "if|unless|whether|suppose that|were it|had it|some may|some might|some people|people think|people say"
        "|many people|many think|one might|one may|one could|you might|you may think|some say|some would|initially"
        "|at first|previously|earlier|thought to be|supposing|many students|most students|other people|students may"
        "|students might|students often|people often|a common answer|commonly thought|others may|others might"
        "|others think|had the|had this|had we|had it been|had they|had you|were the|were this|were we|were you"
        "|should the|say the|say that|say it|for argument's sake|for the sake of argument|hypothetically"
        "|in an ideal world|in theory|according to my teacher|according to my friend|according to my professor"
        "|according to my colleague|according to my boss|according to my brother|according to my sister"
        "|according to my mother|according to my father|according to my neighbour|according to my neighbor"
        "|according to him|according to her|according to them|according to some|according to others"
        "|according to critics|according to the user|according to the student|according to google"
        "|according to chatgpt|according to gpt-4|according to wikipedia|according to the internet|provided that"
        "|on condition that|as long as|so long as|under the assumption that|on the assumption that",
        "redo": "none of the above|none of the options|none of these|none of the choices|on reflection"
        "|upon reflection|wait|no wait|hold on|scratch that|let me reconsider|let me rethink|let me double check"
        "|let me double-check|let me recheck|let me re-check|let me check again|i made a mistake|i was wrong"
        "|on second thought|on second thoughts|strike that|i take that back|i misread|i misspoke|that's wrong"
        "|that is wrong|that's not right|that is not right|that's incorrect|that is incorrect|that isn't right"
        "|that can't be right|that was wrong|that's a mistake|i made an error|my mistake|my bad|i need to correct"
        "|i must correct|i meant|i mean|disregard|ignore that|i apologize|i stand corrected|sorry|this is wrong"
        "|this is incorrect|this is not right|that is not correct|that's not correct|never mind|oops|i retract"
        "|they are mistaken|they are wrong|just kidding|kidding|jk|typo|my apologies|er|erm|uh|um|uhm"
        "|that doesn't add up|that does not add up|that doesn't look right|that does not look right"
        "|that doesn't seem right|that does not seem right|that cannot be right|that cannot be correct"
        "|that seems off|that looks off|that seems wrong|that looks wrong|this doesn't add up|this does not add up"
        "|this doesn't look right|this does not look right|this doesn't seem right|this does not seem right"
        "|this cannot be right|this can't be right|this cannot be correct|this seems off|this looks off"
        "|this seems wrong|this looks wrong|i've made an error|i've made a mistake|i have made an error"
        "|i have made a mistake|there is a mistake above|there is an error above|there's a mistake above"
        "|there's an error above|ignore the above|ignore this|disregard that|but that seems off|but that looks off"
        "|but this seems off|but this looks off|but this contradicts|but that contradicts|but that can't be right"
        "|but this can't be right|let me correct myself|let me correct that|i correct myself|correcting myself"
        "|that was a joke|it was a joke|i was joking|just a joke|i'm joking|i was too quick|i was too hasty"
        "|i spoke too soon|i jumped the gun|i misjudged|i overlooked",
        "turn": "actually|correction|edit|update|corrected|revised|or rather|rather|make that|hmm|in fact|correcting"
        "|changed to|change to",
        "why": "because|since|as|which|for|due|based|with|given|when|but|although|while|whereas|in|on|at|from|by|to"
        "|who|that|where|it|he|she|they|this|i|we|after|before|so|therefore|hence|among|above|below|according|please"
        "|though|however|explanation|reason|yet|still|nevertheless|nonetheless|albeit|even",
        "so": "so|thus|therefore|hence|consequently|accordingly|in conclusion|overall|finally|in short|in summary"
        "|to conclude|then|ergo|in the end|ultimately|in other words|leaving|leaving only|that leaves"
        "|that leaves only|leaves only|which leaves|that leaves us with|leaves us with|leaving us with|left with"
        "|that said|that being said|having said that|contrary to popular belief|contrary to what you may think"
        "|contrary to what you might think|contrary to what one might think|contrary to expectations|afterwards"
        "|after that|later|by elimination|by process of elimination|by the process of elimination|by exclusion",
        "fill": "the|a|an|of|it|this|that|these|here|most|definitely|clearly|certainly|surely|simply|indeed"
        "|obviously|absolutely|single|following|my|our|your|i|we|i'd|i'll|i'm|we'd|would|will|shall|you|am|just"
        "|undoubtedly|no doubt|without a doubt|without doubt|there is no doubt|beyond doubt|not only|given|labelled"
        "|labeled|marked|named|above|sure|okay|ok|yes|great|good question|confident|certain|believe|think|say"
        "|concluded|conclude|as|to this question|to the question|to this|for this question|for this|from the options"
        "|among the options|from the list|on the list|in this case|of the options|of these|of the choices"
        "|of the above|queue|issue|ticket|class|it|should|must|today|now|nowadays|currently|these days|of course"
        "|no doubt about it|without question|beyond question|no question|as i first thought|as i initially thought"
        "|as i originally thought|as i thought|as i suspected|as i guessed|just as i thought|like i thought"
        "|not a trick|no trick|not a trick question|no trick question",
        "tail": "team|indeed|too",
        "says": "says|said|claims|claimed|thinks|believes|believed|insists|insisted|argues|argued|swears|told me"
        "|tells me|told us|they say|they think|they believe|whoever|someone|somebody|anyone|anybody|everyone"
        "|everybody|according to wikipedia|according to the internet|allegedly|the user|used to be|used to say"
        "|was once|was formerly|i was going to say|i was about to say|i almost said|i nearly said|i would have said"
        "|i wanted to say|i almost picked|i almost chose|i was tempted|claim that|assumption that|idea that"
        "|notion that|hypothesis that|suggestion that|premise that|belief that|view that|assertion that"
        "|possibility that|imagine|imagine that|assume|assume that|assuming|assuming that|pretend|pretend that"
        "|let's say|let us say|first answer|initial answer|previous answer|earlier answer|original answer|old answer"
        "|example|for example|for instance|template|sample answer|example answer|rumour has it|rumor has it"
        "|legend has it|replied|she replied|he replied|she answered|he answered|she said|he said|he says|she says"
        "|they said|reference answer|gold answer|model answer|student answer|user answer|predicted answer",
        "gives_up": "cannot provide an answer|cannot provide the answer|cannot answer|can't answer"
        "|can't provide an answer|unable to answer|unable to provide an answer|cannot give an answer"
        "|can't give an answer|no answer can be given|not possible to answer|impossible to answer|cannot be answered"
        "|can't be answered|could not be answered|cannot give a definite answer|can't say who|cannot answer who",
        "it": "it|that|this|that one|this one|this answer|that answer|this result|that result|this number|that number",
        "holds": "can|could|must|may|does|do|did|possible|hold|holds|hold up|hold water|fit|fits|work|works|work out"
        "|make|makes|make any|makes any|sense|the case|add up|adds up|check out|checks out|apply|so|true|valid"
        "|accurate|one|at all|clearly|of course|really|actually|quite|definitely|either|i'm afraid|unfortunately"
        "|sadly|obviously|simply|surely|after all|in fact|then|here|right one|correct one|however|whatsoever|exactly"
        "|entirely|also|possibly|though|anymore|any more",
        "former": "i first thought|first i thought|i thought|i first|i initially|first thought|my first thought"
        "|my first guess|my first instinct|my first answer|my first impression|my initial guess|my initial answer"
        "|my initial thought|my initial estimate|my earlier answer|my previous answer|my gut feeling|my gut reaction"
        "|my gut says|my gut said|used to think|i used to say|i used to believe|i originally|originally i"
        "|i had originally|was going to say|i was about to say|would have been my guess|would have been my answer"
        "|i would have said|i'd have said|i would have guessed|i'd have guessed|thought at first|said at first"
        "|i had at first|came to mind first|first came to mind|before i checked|before checking|at first sight"
        "|at first glance|at first blush|in my first attempt|my first attempt|on my first try",
        "unknown": "unknown|undetermined|indeterminate|cannot be determined|can't be determined"
        "|can not be determined|cannot be known|can't be known|cannot be answered|can't be answered|unanswerable"
        "|not known|not enough information|not enough info|insufficient information|not enough data"
        "|insufficient data|cannot determine|can't determine|unable to determine|impossible to determine"
        "|impossible to say|impossible to know|impossible to tell|don't know|do not know|can't tell|cannot tell"
        "|cannot say|can't say|no idea|hard to say|hard to tell|difficult to say|not stated|not mentioned"
        "|not specified|not given|unclear|undecidable",
    },
}
