"""Every threshold by which the analysis decides, with its reason, in one place.

All were fixed before answers were seen. Those of the verdict were measured: docs/method.md has its
rate of false alarms.
"""

from __future__ import annotations

# --- tests and effects ---
ALPHA = 0.05  # of every test
EFFECT_SIZES = (0.147, 0.33, 0.474)  # Cliff's delta: small, medium, large from here (Romano 2006)
NOTABLE_TRAIT = EFFECT_SIZES[1]  # from here an indicator marks and names a type: a medium effect
NOTABLE_EFFECT = 0.3  # delta or tau of a hypothesis worth an illustration; a convention
NOTABLE_SHARE = 0.2  # difference of shares worth one: of fifteen replies three; a convention

# --- how many are enough ---
SMALLEST_CELL = 3  # counts below are not shown outside: of one or two, each would know the other
SMALLEST_GROUP = 3  # municipalities in the smaller group of a hypothesis: two are no trend
SMALLEST_TYPE = 3  # members: of two neither is the more typical one
UNPLACED = 0  # in place of the type: members of a smaller group
SMALLEST_SURVEY = 2 * SMALLEST_TYPE  # respondents of a typology: two types
SMALLEST_STRATUM = 30  # respondents of a size class with a typology of its own; a convention
FEWEST_SIDE = 5  # municipalities on either side of a comparison of measures: one is 20 points
FEWEST_OTHERS = 6  # others needed before an answer is called unusual: alone among seven is 14 %
UNUSUAL = 0.15  # share of those compared that gave answers as rare: alone among seven; a convention
MOST_UNUSUAL = 10  # unusual answers of a city that a guide lists: what an hour's talk can take up
HEADLINE_FEWEST = 5  # replies from which the headline of a figure states a finding; a convention
HEADLINE_AHEAD = 0.02  # share of the replies that the first answer is ahead, at least two replies
HEADLINE_APART = 0.1  # of the shares at the two ends; by less nobody would call one higher
HEADLINE_POINTS = 0.5  # of the means at the two ends of a battery, in points of its scale
FULL_COUNT = 0.95  # of a class or of the nation: a count of so many is called a full one

# --- who makes the types ---
ENOUGH_ANSWERED = 0.5  # of the weighted features: of a unit of a fit, or shared for a placement
ENOUGH_COMPLETE = 2 / 3  # of the units, from which complete cases are analysed by themselves
FAR_FENCE = 3.0  # interquartile ranges above the upper quartile: "far out" (Tukey 1977)
FAR_PAIR = 1.5  # times the mean dissimilarity of two units that an outlying one is from the others
FAR_MEMBER = 0.95  # a unit farther out than this share of a type's own members fits no type

# --- how many types are tried ---
MOST_TYPES = 6  # numbers tried in any case
MOST_TYPES_EXTENDED = 12  # numbers up to which the range grows while its end is best
MOST_TYPES_MULTIVERSE = 5  # each number multiplies the universes
FEW_FOR_BIC = 100  # respondents below which the penalty of BIC outweighs all but crude differences

# --- the verdict ---
ALPHA_ON_A_LINE = 0.02  # two groups must be distinguished from a cut gradient: stricter
STABLE, DOUBTFUL = 0.75, 0.60  # bootstrap Jaccard, as R's fpc reads it (Hennig 2007)
WEAK = 0.25  # average silhouette below: no substantial structure (Kaufman & Rousseeuw 1990)
REASONABLE = 0.50  # average silhouette asked of types that lie on one line
MOSTLY_GRADIENT = 0.60  # share of the structure on one axis
HALF = 0.50  # with two axes alike each has this share: above it there is one gradient
ONE_SIDED = 0.9  # share of the squared loadings on one side from which an axis is a level
CORE_SHARE = 0.50  # share of units that stay with their type whatever the choices
SURELY_MORE = 0.10  # no more surveys are drawn once a p-value must end above this
CORE, LEAD = 2 / 3, 1 / 3  # share of universes with its own type, and lead over the next: core
BORDER = 0.15  # own type ahead of the next by less than this share of the universes: borderline
RECOVERED = 0.8  # adjusted Rand index called good recovery (Steinley 2004)

# --- names ---
BROAD = 0.75  # share of features on one side from which a type is high or low "across the board"
