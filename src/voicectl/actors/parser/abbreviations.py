"""The words by which a full stop is judged: abbreviations, units, first words of sentences."""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


NEVER_LAST = _words(
    "e.g i.e eg ie cf vs v viz approx ca resp incl excl esp a.k.a aka p.s n.b w.r.t mr mrs ms dr prof st gen sgt"
    " capt lt col rev hon"
)
"""Abbreviations that end no sentence."""
BEFORE_A_NUMBER = _words(
    "max min avg no nos nr fig figs sec secs eq eqs vol ch chap p pp ver tab ex par art jan feb mar apr"
    " jun jul aug sep sept oct nov dec"
)
"""Abbreviations that end no sentence where a number follows."""
INSIDE = _words(
    "no nos vol ch chap sec eq max min avg func std config conf orig prev est temp tmp tel misc req ext dir dirs"
    " dept lib libs arg args param params env var vars ref refs refs def defs impl impls init alloc addr auth cert"
    " char chars cmd cmds cols coord coords curr decl dep deps desc dest diff doc docs elem elems err expr exprs"
    " hist id ids idx info int iter len loc med mem mgmt mod msg msgs num nums obj ops opt opts org pkg pkgs pos"
    " pred prefs proc prod pts ptr quot rec recs rel repo repos rev sess sig spec specs src stat stats str sub"
    " subj sync sys tbl tech templ tot util utils val vals vec vert yr yrs mon tue wed thu fri sat sun hr hrs mins"
    " secs msec msecs dev gov univ assoc natl intl inst"
)
"""Abbreviations that end a sentence only before a capital."""
UNITS = _words(
    "s ms us ns min mins sec secs msec msecs h hr hrs d yr yrs m mm cm km in ft lb lbs oz g kg l ml a v w k hz"
    " khz mhz ghz b kb mb gb tb"
)
"""Units, which some write with a full stop."""
WORDS = _words("art con ill may me miss ok ore op rep reps res exp exec dev")
"""Words that are abbreviations to sentencex too."""
CLOCK = _words("a.m p.m")
"""Abbreviations of the times of day."""
AFTER_CLOCK = _words(
    "Monday Tuesday Wednesday Thursday Friday Saturday Sunday January February March April May June July August"
    " September October November December Eastern Pacific Central GMT UTC EST EDT PST PDT CET CEST"
)
"""What may follow a time of day in its sentence."""
STARTERS = _words(
    "The It We I You He She They This That These Those There Then But And So If In On At For To From With No Not"
    " Now Next After Before When While As A An All Any Both Each Every Here How What Why Where Who Which Let"
    " Please Run Use See Check Open Set Add Note Also However Once Only Or Our Your My His Her Its Their Is Are"
    " Was Were Do Does Did Can Could Should Would Will May Might Must Has Have Had Yes First Second Third Finally"
    " Since Because Although Though Until Unless Instead Otherwise Therefore Thus Still Yet Just Even Most Many"
    " Some Such Other Others Another Nothing Everything Something Nobody Everybody Someone One Two Three By Of"
    " Like Between During Without Within Through Older Newer"
)
"""Capitalized words that rather begin a sentence than go on a name."""
GOES_ON = _words(
    "in and or is on to of with for as at by from into if when which that but will does are was returns raises"
    " method methods instead versus vs"
)
"""What may follow a name such as ``save!`` in its sentence."""
LETTERED = _words(
    "option plan type class grade case part vitamin appendix section phase step point item variant version approach"
    " alternative choice answer group team column row drive model series problem example task"
)
"""What may be named by a letter: ``option A``."""
