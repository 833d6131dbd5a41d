// The questions. Numbers that were computed come from facts.json (web/dev/theory_facts.py, with bridle).
// Every wrong option says why it is tempting and why it is wrong; the variant asks for the same idea in other words.
import facts from "../theory/facts.json";

export interface Option {
  readonly text: string;
  readonly why: string;
  readonly right?: true;
}
export interface Ask {
  readonly ask: string;
  readonly options: readonly Option[];
}
export interface Question extends Ask {
  readonly id: string;
  /** The idea in a few words, for the summary. */
  readonly idea: string;
  /** The section of the theory page that explains it. */
  readonly theory: string;
  /** The state of the lab that shows it, and what is seen there. */
  readonly demo: string;
  readonly see: string;
  readonly variant: Ask;
}

export const QUESTIONS: readonly Question[] = [
  {
    id: "l1-zeros",
    idea: "L1 makes exact zeros, L2 does not",
    theory: "corners",
    demo: "#/corners?dataset=diabetes&i=s5&j=s6&k=25&l1=1",
    see: "See the ellipse touch the corner",
    ask: "What does an L1 penalty do to weights that an L2 penalty does not?",
    options: [
      { text: "It makes them smaller.", why: "Tempting, because it does. But L2 makes weights smaller too, so this is not the difference." },
      { text: "It sets some of them to exactly zero.", right: true, why: "Its pull stays the same down to zero, so a weight that the data support less than that is held at exactly zero. L2's pull fades away near zero." },
      { text: "It brings all of them to about the same size.", why: "Tempting, because a penalty evens things out. It is L2 that brings the weights of look-alike features together; L1 takes the same amount off each and lets small ones fall to zero." },
      { text: "It turns negative weights positive.", why: "Tempting, because the penalty ignores signs. It adds up sizes, but it pulls each weight towards zero from its own side." },
    ],
    variant: {
      ask: "Two penalties are made stronger step by step. Under which does a weight become exactly 0 and stay there?",
      options: [
        { text: "Under L2, because squares punish hardest.", why: "Squares punish large weights hardest. Close to zero a square costs almost nothing, so nothing pushes the last bit to zero." },
        { text: "Under L1, because its pull does not weaken near zero.", right: true, why: "The pull is the same at every size. Once the data pull less than that, the weight rests at exactly zero." },
        { text: "Under both, if one waits long enough.", why: "Tempting, because both shrink. A ridge weight is divided by an ever larger number, and that never gives zero, save by coincidence." },
      ],
    },
  },
  {
    id: "fifty-of-1000",
    idea: "Few features matter: L1",
    theory: "which",
    demo: "#/needles?k=31&l1=1&n=300",
    see: "See a made table of 1,000 features, 50 of them real",
    ask: "You have 1,000 features and believe that about 50 matter. Which penalty do you try first, and why?",
    options: [
      { text: "L2, because it keeps all the information.", why: `Tempting, because leaving something out feels like a loss. Here most of it is noise: on a made table of this kind ridge had an error of ${facts.sparse_ridge} on new rows, the lasso ${facts.sparse_lasso}.` },
      { text: "L1, because it can leave out features that do not help.", right: true, why: `That suits a table where few features matter. On a made table of this kind (500 rows) the lasso had an error of ${facts.sparse_lasso} on new rows, ridge ${facts.sparse_ridge}.` },
      { text: "None: with 1,000 features there is information enough.", why: "Tempting, because more columns look like more knowledge. Without a penalty, that many weights fit the noise; with fewer rows than features there is not even one single answer." },
      { text: "L1, because it is certain to find exactly those 50 features.", why: `Half right, and so tempting. L1 suits the case, but its list is no proof: on that table the lasso kept ${facts.sparse_kept} features, all ${facts.sparse_real} real ones among them.` },
    ],
    variant: {
      ask: "All of 200 features matter, each a little. Which penalty is the better first try?",
      options: [
        { text: "L1, because shorter models always predict better.", why: `Tempting, because simple models often do well. Here leaving features out throws away what they say: on a made table of this kind the lasso's error was ${facts.dense_lasso}, ridge's ${facts.dense_ridge}.` },
        { text: "L2, because it shrinks all and leaves none out.", right: true, why: `It keeps a little of everything. On a made table of this kind ridge's error on new rows was ${facts.dense_ridge}, the lasso's ${facts.dense_lasso}.` },
        { text: "It makes no difference: both shrink.", why: `Tempting, because both do shrink. What they do to small weights differs: L1 removes them, and here the small ones carry the signal (${facts.dense_lasso} against ${facts.dense_ridge}).` },
      ],
    },
  },
  {
    id: "lambda-journey",
    idea: "From lambda = 0 to a very large one",
    theory: "regularization",
    demo: "#/home?dataset=diabetes&l1=1",
    see: "Move lambda from one end to the other",
    ask: "What happens as lambda goes from 0 to a very large number?",
    options: [
      { text: "The error on new rows falls all the way, for a penalty reduces overfitting.", why: "Tempting, because a penalty is there to help. It helps up to a point; beyond it the model is too stiff to follow the signal." },
      { text: "From least squares, over shrinking weights, to the mean for every row.", right: true, why: "At 0 the penalty counts for nothing. As it grows, the weights shrink, and in the end only the unpenalized intercept is left. The error on new rows usually falls first and then rises: a U." },
      { text: "The weights grow, because the penalty multiplies them.", why: "Tempting, because lambda stands beside the weights. But it is a price on their size, and dearer things are bought less." },
      { text: "The predictions go to zero for every row.", why: "Tempting, because the weights do go to zero. The intercept is not penalized, so the predictions go to the mean of the target." },
    ],
    variant: {
      ask: "A colleague sets lambda to one million. What does the model predict?",
      options: [
        { text: "The mean of the target, for practically every row.", right: true, why: "All weights are held at zero or next to it, and the intercept, which is free, becomes the mean." },
        { text: "Zero, for practically every row.", why: "Tempting, because all weights are nearly zero. But the intercept is not penalized." },
        { text: "The training targets themselves, nearly without any error.", why: "That is the other end: with lambda at 0 and many features, a model can reproduce its rows. A strong penalty forbids exactly that." },
      ],
    },
  },
  {
    id: "net-reason",
    idea: "The elastic net is for groups of look-alikes",
    theory: "elastic",
    demo: "#/twins?cor=0.997&k=5&l1=0.5&n=40",
    see: "See it keep both twins where the lasso drops one",
    ask: "What is the main reason for using an elastic net?",
    options: [
      { text: "It has two penalties, so it regularizes twice as strongly as either of them alone.", why: "Tempting, because there are two terms. They share one strength, and the mix only says how to divide it." },
      { text: "It is faster than either.", why: "Tempting, because mixtures are sold that way. Speed depends on the program; this is not why it was made." },
      { text: "It keeps groups of correlated features together and still sets others to zero.", right: true, why: `The L2 part shares weight between look-alikes, the L1 part makes zeros. Two made columns with correlation ${facts.twin_corr} got the weights ${facts.twin_lasso} from the lasso and ${facts.twin_net} from an elastic net.` },
      { text: "It needs no lambda to be chosen.", why: "Tempting, because it sounds automatic. It has the strength to choose and the mix besides." },
    ],
    variant: {
      ask: "Genes come in groups that rise and fall together, and few groups matter. What does an elastic net add to the lasso?",
      options: [
        { text: "It tends to take in or leave out a group as a whole.", right: true, why: "Equal shares are cheaper under its L2 part, so look-alikes come in together; the L1 part leaves other groups out." },
        { text: "It finds out which gene of each group is the real cause.", why: "Tempting, because one would like to know. No penalty can tell look-alikes apart by cause; that needs another kind of study." },
        { text: "It makes no zeros any more, so nothing is lost.", why: "Tempting, because its sides are round like a ridge's. Its corners stay as long as the mix has any L1 part, so there are zeros." },
      ],
    },
  },
  {
    id: "training-rises",
    idea: "The training error has to rise with lambda",
    theory: "lambda",
    demo: "#/overfit?k=45&l1=0",
    see: "See both errors as a wild curve calms down",
    ask: "You raise lambda, and the error on the training rows rises. A colleague says the code is broken. What do you say?",
    options: [
      { text: "Right: a penalty should make the error fall.", why: "Tempting, because the point is to do better. Better on new rows, though; on its own rows nothing beats least squares." },
      { text: "It has to rise: the model gives up some fit for smaller weights.", right: true, why: `The training error cannot fall as lambda rises. On the diabetes table it goes from ${facts.train_weak} to ${facts.train_strong}. What may fall is the error on rows not trained on.` },
      { text: "Right: it should stay the same, for the rows are the same as before.", why: "Tempting, because the data did not change. But the question put to them did: fit and small weights together, no longer fit alone." },
      { text: "Lambda was too small: from some strength on it falls.", why: "Tempting, because the error on new rows can do this. The training error never does: it rises, or stays, all the way." },
    ],
    variant: {
      ask: "Two fits on the same rows: A with a small lambda, B with a larger one. Which has the smaller training error?",
      options: [
        { text: "A, or they are equal.", right: true, why: "A smaller price on the weights never makes the fit to the training rows worse." },
        { text: "B, if lambda was chosen well.", why: "Tempting, because a good lambda gives a good error: on held-out rows. On the training rows the weaker penalty wins." },
        { text: "It depends on the data.", why: "Tempting, because so much does. This does not: it follows from what the two fits minimize." },
      ],
    },
  },
  {
    id: "times-1000",
    idea: "Units decide what a penalty costs",
    theory: "standardize",
    demo: "#/home?dataset=diabetes&l1=1&pick=s5&scale=s5&std=0",
    see: "See s5 times 1,000, nothing standardized",
    ask: "Nothing is standardized, and one column is multiplied by 1,000 (from kilometres to metres, say). What changes in a lasso?",
    options: [
      { text: "Nothing: the weight becomes 1,000 times smaller and the predictions stay.", why: "Tempting, because for least squares that is true. Here the smaller weight also costs less, so the answer changes." },
      { text: "That column is hardly penalized any more, and the others have to make room.", right: true, why: `It needs a tiny weight, and tiny weights are cheap. On the diabetes table at lambda 1 the effect of s5 goes from ${facts.s5_own_units} to ${facts.s5_times_1000} points.` },
      { text: "That column is penalized 1,000 times harder, since its numbers are larger.", why: "Tempting, because large numbers look expensive. The penalty looks at weights, not at the data, and the weight gets smaller." },
    ],
    variant: {
      ask: "A length is given in kilometres instead of metres, so its numbers are 1,000 times smaller. What does ridge do without standardizing?",
      options: [
        { text: "It shrinks this feature much harder.", right: true, why: "The feature now needs a weight 1,000 times larger, and large weights are dear. Standardizing first would remove the whole effect." },
        { text: "It shrinks it less, since its numbers are small.", why: "Tempting, because small numbers look harmless. The small numbers need a large weight, and that is what is penalized." },
        { text: "Nothing changes: only the lasso depends on units.", why: "Tempting, because the lasso's zeros make it more visible. Both penalties look at the weights, and weights depend on units." },
      ],
    },
  },
  {
    id: "intercept",
    idea: "The intercept goes free",
    theory: "regularization",
    demo: "#/home?dataset=diabetes&k=0&l1=1",
    see: "See what is predicted at the strongest penalty",
    ask: "Should the intercept be penalized along with the weights?",
    options: [
      { text: "Yes: it is a parameter like the others.", why: "Tempting, because it sits in the same formula. But it only sets the level of the predictions; holding it near zero would pull them all towards zero." },
      { text: "No: then adding 100 to every target would change more than the level.", right: true, why: "Left free, the intercept takes up such a shift and the weights stay. Penalized, the model would depend on where the target's zero happens to be." },
      { text: "No, because it is always zero anyway.", why: "Tempting, because it is zero when target and columns have been centred. In general it is not, and it has to be left free to become what it must." },
      { text: "Yes, but only under L2.", why: "Tempting, because L2 would not remove it. It would still drag all predictions towards zero." },
    ],
    variant: {
      ask: "Temperatures are predicted in Celsius and then in kelvin, which is 273.15 more. With a free intercept, how do the two ridge fits differ?",
      options: [
        { text: "Only in the intercept, by 273.15.", right: true, why: "The intercept takes up the shift, and the penalty never sees it." },
        { text: "The kelvin fit is shrunk harder, its numbers being larger.", why: "Tempting, because the targets are larger. Their spread is the same, and the penalty sees only the weights." },
        { text: "All weights differ.", why: "Tempting, because that is what happens where the intercept is penalized. Left free, it takes up the whole shift." },
      ],
    },
  },
  {
    id: "zero-irrelevant",
    idea: "A zero does not mean irrelevant",
    theory: "l1",
    demo: `#/home?dataset=diabetes&k=${facts.lasso_1se_index}&l1=1&pick=s4`,
    see: "See s4 at zero",
    ask: "The lasso gives the feature s4 the weight 0. What follows?",
    options: [
      { text: "s4 has nothing to do with the target, so nobody needs to measure it again.", why: `Tempting, because it was set aside. Yet on the diabetes table s4 has a correlation of ${facts.corr_s4} with the target and a weight of ${facts.s4_1se} in the lasso of the one-standard-error rule.` },
      { text: "Beside the features that were kept, s4 adds too little to be worth its price.", right: true, why: `That is all a zero says. On the diabetes table s4 correlates ${facts.corr_s4} with the target and is still set aside: others already say it.` },
      { text: "s4 has been proven not to be a cause of the target, whatever other data may say.", why: "Tempting, because a selection looks like a finding. A lasso compares predictions; it proves nothing about causes." },
    ],
    variant: {
      ask: "Feature A was dropped by the lasso, feature B kept. Someone removes B and fits again. What can happen?",
      options: [
        { text: "A may come in now.", right: true, why: "If A and B say much the same, A was superfluous only as long as B was there." },
        { text: "A stays out: zero is zero.", why: "Tempting, because the first fit looked final. Its zero held beside B; without B the question is another." },
        { text: "All other weights stay as they were.", why: "Tempting, because only one feature was taken away. What B said is missing now, and correlated features take over some of it." },
      ],
    },
  },
  {
    id: "kept-190",
    idea: "Kept is not proven: the lasso keeps too many",
    theory: "which",
    demo: "#/needles?k=22&l1=1&n=600",
    see: "See how many are kept beside the real ones",
    ask: `Of 1,000 features, 50 are real (a made table). The lasso with the lowest held-out error keeps ${facts.sparse_kept}. What is the best reading?`,
    options: [
      { text: "The solver has not finished: at the true minimum only real ones would be left.", why: "Tempting, because the list looks too long. Every fit here is certified: this is the minimum." },
      { text: "It is usual: the strength that predicts best also lets in some by chance.", right: true, why: `A strength that shuts them all out would shrink the real ones too hard. Here all ${facts.sparse_real} real features are in the list, with ${facts.sparse_false} others, mostly with small weights.` },
      { text: `About ${facts.sparse_kept} features are real after all.`, why: "Tempting, because they were selected. We made this table: 50 are real. A good prediction does not need a pure list." },
      { text: "Cross-validation has failed.", why: "Tempting, because the list is wrong. Cross-validation looks for the lowest error, and it found that; a pure list is another goal." },
    ],
    variant: {
      ask: `You want fewer false finds than the ${facts.sparse_kept} kept by the lasso at its lowest error. What is a sensible step?`,
      options: [
        { text: "Take the one-standard-error rule, and still not read its list as proof.", right: true, why: `A stronger penalty keeps fewer. On this table it keeps ${facts.sparse_1se_kept}: fewer, and still more than are real.` },
        { text: "Take a smaller lambda, for a better fit.", why: "Tempting, because precision sounds like fitting better. A smaller lambda lets more features in." },
        { text: "Keep those whose weights have p-values below 0.05 in a refit on the same rows.", why: "Tempting, because it is common. These rows have already been used to pick the features, so such p-values are far too small." },
      ],
    },
  },
  {
    id: "exact-zeros",
    idea: "Exact zeros need the right step",
    theory: "l1",
    demo: "#/descent?alpha=0.3&lr=0.1&t=30&way=sub",
    see: "See subgradient steps miss zero, then try proximal ones",
    ask: "Any method that walks downhill on loss + L1 gives exact zeros. True?",
    options: [
      { text: "True: the minimum has zeros, so every method ends there.", why: "Tempting, because the minimum does have them. A subgradient step adds or takes a fixed bit and jumps over zero, to and fro." },
      { text: "False: subgradient steps hop around zero; a proximal step can land on it.", right: true, why: "A proximal step first follows the loss, then moves the weight towards zero and stops there if it would cross. That is what makes the zero exact." },
      { text: "True, if the learning rate is small enough and one waits until nothing moves.", why: "Tempting, because smaller steps miss by less. They still miss: the weight ends up small, not zero." },
      { text: "False: exact zeros are impossible on a computer.", why: "Tempting, because numbers in a computer are rounded. Zero itself is stored exactly, and methods that set it reach it." },
    ],
    variant: {
      ask: "You add 0.01 * w.abs().sum() to a loss in a deep-learning package and train with plain gradient steps. Which weights are exactly 0 at the end?",
      options: [
        { text: "Hardly any: many are merely small.", right: true, why: "The steps treat the penalty's slope as +1 or -1 and cross zero again and again. Zeros need a proximal step, or a cut-off afterwards." },
        { text: "All that the lasso would set to zero.", why: "Tempting, because the formula is the lasso's. The formula fixes the minimum, the method whether one lands on it." },
        { text: "All of them, if one trains long enough.", why: "Tempting, because the penalty pulls all the time. The loss pulls too, and the steps do not get shorter near zero." },
      ],
    },
  },
  {
    id: "decay-factor",
    idea: "Decay multiplies by 1 - 2 lr lambda",
    theory: "decay",
    demo: "#/descent?alpha=0.3&lr=0.1&t=2&way=l2",
    see: "See both parts of every step",
    ask: "Loss + lambda × sum of w², learning rate lr. By what does one gradient step multiply each weight, before it follows the loss?",
    options: [
      { text: "1 - lr lambda", why: "Tempting, because many packages write it so. They put a half before the penalty; here the slope of lambda w² is 2 lambda w." },
      { text: "1 - 2 lr lambda", right: true, why: "The slope of lambda w² is 2 lambda w; a step takes lr times that away." },
      { text: "1 / (1 + 2 lr lambda)", why: "Tempting, because it is nearly the same for small steps. It is what a proximal step would do, not a gradient step." },
      { text: "1 - lambda", why: "Tempting, because lambda is the strength. But one step goes only lr far." },
    ],
    variant: {
      ask: "lr = 0.1, lambda = 0.5, penalty lambda w², and the loss is flat here. A weight is 2. Where is it after one gradient step?",
      options: [
        { text: "1.8", right: true, why: "2 × (1 - 2 × 0.1 × 0.5) = 2 × 0.9 = 1.8." },
        { text: "1.9", why: "Tempting: 2 × (1 - 0.1 × 0.5). The 2 from the square is missing; it would be right for a penalty with a half before it." },
        { text: "1.0", why: "Tempting: 2 × (1 - 0.5). But one step goes only lr = 0.1 far." },
        { text: "0", why: "Tempting, because decay ends at zero where the loss is flat. It gets there a factor at a time, never in one step." },
      ],
    },
  },
  {
    id: "adamw",
    idea: "Adam with L2 is not AdamW",
    theory: "decay",
    demo: "#/theory?at=decay",
    see: "Read what the division does",
    ask: "Adam with an L2 penalty in the loss, or AdamW with weight decay: are they the same?",
    options: [
      { text: "Yes: an L2 penalty is weight decay.", why: "Tempting, because for plain gradient steps it is. Adam divides the gradient by its usual size, the penalty's part with it." },
      { text: "No: Adam decays weights with large gradients less; AdamW decays all alike.", right: true, why: "Adam's division scales the penalty's gradient along with the loss's. AdamW shrinks the weights outside of that division." },
      { text: "Yes, after converting lambda once, by a factor that is the same for all weights.", why: "Tempting, because other packages differ by a factor only. Here the factor differs from weight to weight and from step to step." },
      { text: "No: AdamW is L1.", why: "Tempting, if one looks for something deep in the W. It stands for weight decay; no L1 is involved." },
    ],
    variant: {
      ask: "You know a good weight_decay for AdamW and want the same model as a ridge regression. What does bridle convert tell you?",
      options: [
        { text: "That no strength corresponds to it.", right: true, why: "Where AdamW comes to rest is not the minimum of loss plus a penalty, so bridle refuses to name one. Put the penalty into the loss instead." },
        { text: "Half of it, because of the square.", why: "Tempting, because factors of 2 abound. They hold for plain gradient steps, not beside Adam's division." },
        { text: "The same number.", why: "Tempting, because both are called weight decay. AdamW's balance between decay and loss depends on each weight's gradients." },
      ],
    },
  },
  {
    id: "names-of-strength",
    idea: "alpha is not lambda is not C",
    theory: "regularization",
    demo: "#/theory?at=regularization",
    see: "Read what the objective divides by",
    ask: `scikit-learn's Ridge(alpha=1) on ${facts.rows} rows: which alpha gives the same fit in bridle, columns and target left as they are?`,
    options: [
      { text: "1: alpha is alpha.", why: "Tempting, because the name is the same. scikit-learn's Ridge sets its penalty beside the sum of squared errors, bridle beside half their mean." },
      { text: `${facts.ridge_1_is}, which is 1/${facts.rows}`, right: true, why: "A sum over the rows is that many times their mean, so the penalty's price has to be divided by the number of rows. bridle convert does it for you." },
      { text: `${facts.rows}`, why: "Tempting, because the number of rows does come in. But the other way: beside a mean, which is smaller than a sum, the penalty must be smaller too." },
    ],
    variant: {
      ask: "A logistic regression in scikit-learn has the parameter C. You want a stronger penalty. What do you do with C?",
      options: [
        { text: "Make it smaller.", right: true, why: "C multiplies the loss, so it is one over a strength: a small C is a strong penalty." },
        { text: "Make it larger.", why: "Tempting, because with lambda and alpha larger is stronger. C stands on the other side, before the loss." },
        { text: "Nothing: C has to do with classes.", why: "Tempting, because it is used for classification. It is the strength, upside down." },
      ],
    },
  },
  {
    id: "one-se",
    idea: "The one-standard-error rule",
    theory: "lambda",
    demo: `#/home?dataset=diabetes&k=${facts.lasso_1se_index}&l1=1`,
    see: "See both rules marked",
    ask: "What does the one-standard-error rule choose?",
    options: [
      { text: "The strongest penalty whose held-out error is within one standard error of the lowest.", right: true, why: `The simplest model that is not clearly worse. On the diabetes table the lasso then keeps ${facts.lasso_1se_kept} features instead of ${facts.lasso_min_kept}, for an error of ${facts.lasso_1se_error} instead of ${facts.lasso_min_error}.` },
      { text: "The penalty with the smallest standard error.", why: "Tempting, because of the name. A steady but bad model could have that; the rule starts from the lowest error and uses its standard error as slack." },
      { text: "The weakest penalty within one standard error of the lowest.", why: "Tempting, because that too is within the slack. The rule leans towards the simpler model, which is the stronger penalty." },
      { text: "The features whose weights exceed one standard error.", why: "Tempting, because that resembles a significance test. The rule chooses a strength; it never looks at single weights." },
    ],
    variant: {
      ask: "The lowest held-out error is 50 at lambda 0.1, with a standard error of 2. The errors are 51 at lambda 0.2, 51.9 at 0.4 and 53 at 0.8. What does the one-standard-error rule take?",
      options: [
        { text: "0.1", why: "Tempting, because it is the lowest. That is the other rule; this one asks for the strongest within 52." },
        { text: "0.2", why: "Tempting, because it is close and a bit simpler. But 0.4 is still within 52, and stronger." },
        { text: "0.4", right: true, why: "50 + 2 = 52. The strongest penalty at or below that is 0.4, with 51.9." },
        { text: "0.8", why: "Tempting, because it is the simplest. Its error of 53 is more than one standard error above 50." },
      ],
    },
  },
  {
    id: "scale-then-split",
    idea: "Scale after splitting",
    theory: "standardize",
    demo: "#/theory?at=standardize",
    see: "Read where means and spreads come from",
    ask: "You standardize all columns on all rows and then run cross-validation. What is wrong with that?",
    options: [
      { text: "Nothing: scaling does not look at the target, and only the target could leak.", why: "Tempting, because the damage is often small. But the held-out rows took part in the means and spreads; with few rows or odd values it shows." },
      { text: "The held-out rows helped to set the scales: they are no longer quite unseen.", right: true, why: "Means and spreads are learned from rows like anything else. Take them from each fold's training rows and apply them to the held-out ones." },
      { text: "Scaling should come last, after the fit.", why: "Tempting, because weights can be rescaled afterwards. The penalty needs the scales before the fit; only from the right rows." },
    ],
    variant: {
      ask: `Pure noise: 50 rows, 1,000 columns. You pick the 20 columns closest to the target on all rows and cross-validate ridge on these. It claims to explain ${facts.peek} of the variance. Why?`,
      options: [
        { text: "The held-out rows had a say in the picking.", right: true, why: "There is nothing to explain. The picking is part of the fit and has to be repeated inside every fold; done so, the claim disappears." },
        { text: "Ridge overfits with 20 columns.", why: "Tempting, because 20 columns for 50 rows are many. Overfitting would show as a bad held-out error; here that error itself is deceived." },
        { text: "Among 1,000 columns some are truly related to the target.", why: "Tempting, because they do correlate in these rows. All of it is noise; on new rows nothing of it would be left." },
      ],
    },
  },
  {
    id: "flattering-minimum",
    idea: "The chosen minimum flatters",
    theory: "lambda",
    demo: `#/home?dataset=diabetes&k=${facts.lasso_min_index}&l1=1`,
    see: "See the minimum that was chosen",
    ask: "You try 100 strengths and report the lowest cross-validated error as the error on new rows. What is it?",
    options: [
      { text: "Honest: every row was predicted by a fit that had never seen it.", why: "Tempting, because this is true of each strength alone. Among 100 numbers with some luck in each, the lowest has more luck than most." },
      { text: "Somewhat too good: the lowest of many was picked for being low.", right: true, why: `On 100 made tables of pure noise the lowest error was on average ${facts.flattered} of the mean model's, as if something had been learned; nested cross-validation says ${facts.flattered_nested}.` },
      { text: "Too pessimistic: each fit had fewer rows.", why: "Tempting, because fewer rows do cost a little. The picking works the other way, and for that part nobody corrects." },
      { text: "Useless: only the training error counts.", why: "Tempting for its firmness. The training error says still less: it falls with every feature, useful or not." },
    ],
    variant: {
      ask: "What gives an honest error for 'choose lambda by cross-validation, then fit'?",
      options: [
        { text: "Nested cross-validation: repeat the choice inside every outer fold.", right: true, why: "Then rows that judge had no say in the choice either. Rows put aside at the very beginning and used once do the same." },
        { text: "The lowest point of the cross-validation curve.", why: "Tempting, because those rows were held out. But they chose lambda, so they cannot judge the choice." },
        { text: "Cross-validation with a finer grid, and the lowest point of that curve.", why: "Tempting, because finer is better. A finer grid offers more numbers to pick the luckiest from." },
      ],
    },
  },
  {
    id: "dropout-predict",
    idea: "Dropout is off when predicting",
    theory: "stopping",
    demo: "#/network?masks=1",
    see: "See a network with its masks on, and off",
    ask: "A network was trained with inverted dropout: a unit is kept with probability 0.8, and what is kept is divided by 0.8. How do you predict?",
    options: [
      { text: "All units on, nothing scaled.", right: true, why: "The division in training has already kept the expected sums as they are without dropout." },
      { text: "All units on, outputs times 0.8.", why: "Tempting, because the first form of dropout does that. There nothing is divided in training; doing both would shrink twice." },
      { text: "Drop units at random, as in training.", why: "Tempting, because training and use should match. It would make every prediction a lottery; the scales match already." },
      { text: "Leave out the units that were dropped most often.", why: "Tempting, because L1 leaves things out for good. Dropout's choices are pure chance and mean nothing." },
    ],
    variant: {
      ask: "Dropout without division in training, units kept with probability 0.5. What has to be done when predicting?",
      options: [
        { text: "All units on, their outputs times 0.5.", right: true, why: "In training half of them were on, on average. With all on, sums are twice as large, and the factor brings them back." },
        { text: "All units on, nothing scaled.", why: "Tempting, because that is right for inverted dropout. Here sums would be twice what the next layer has learned to expect." },
        { text: "All units on, their outputs divided by 0.5.", why: "Tempting, because the division is well known. It belongs into training; here it would make the sums four times as large as learned." },
      ],
    },
  },
  {
    id: "stop-on-test",
    idea: "Stopping is a choice: not on test data",
    theory: "stopping",
    demo: "#/descent?stop=30",
    see: "See where the validation error is lowest",
    ask: "You stop training when the error on the test rows is lowest, and report that error. What is wrong?",
    options: [
      { text: "Nothing: the model never trained on the test rows.", why: "Tempting, because no gradient came from them. But the number of steps did, and that is part of the model." },
      { text: "The test rows have chosen the model, so they cannot judge it any more.", right: true, why: "The number of steps is a strength like lambda. Choose it on validation rows and keep the test rows for one look at the end." },
      { text: "One should train to the end: stopping early is cheating.", why: "Tempting, because it looks unfinished. Stopping early is a sound penalty; only the rows that decide must be others." },
    ],
    variant: {
      ask: "Which rows may decide when to stop?",
      options: [
        { text: "Validation rows, apart from both training and test rows.", right: true, why: "They are unseen by the gradient, and the test rows stay untouched for the final judgement." },
        { text: "Training rows: stop when their error is lowest.", why: "Tempting, because they are at hand. Their error goes on falling while the error on new rows has long begun to rise." },
        { text: "Test rows, if the difference is small.", why: "Tempting, because one look seems harmless. Every step is one look, and the lowest of them is picked." },
      ],
    },
  },
  {
    id: "p-values",
    idea: "P-values after selection are too small",
    theory: "l1",
    demo: `#/home?dataset=diabetes&k=${facts.lasso_1se_index}&l1=1`,
    see: "See which features were selected",
    ask: "The lasso picks some features; you fit least squares on these with the same rows and read off p-values. What do they mean?",
    options: [
      { text: "They are valid: least squares has no penalty, so the usual theory applies again.", why: "Tempting, because the second fit looks clean. It does not know that the features were picked because they fit these rows." },
      { text: "They are too small: the features were picked for fitting these very rows.", right: true, why: `On 200 made tables of pure noise (100 rows, 50 features), of which the first five or so features of the lasso were refitted, ${facts.significant} showed at least one p-value below 0.05.` },
      { text: "They are too large: the lasso has removed noise.", why: "Tempting, because a cleaner model should be surer. The picking makes chance look like signal, which is the other direction." },
    ],
    variant: {
      ask: "What would give p-values that can be trusted after a lasso has selected features?",
      options: [
        { text: "Testing the selected features on rows that took no part in the selection.", right: true, why: "New rows do not know what was picked, so chance gets no second reward. There are also special methods of inference after selection." },
        { text: "Testing on the same rows, after a lambda so strong that few features are left.", why: "Tempting, because fewer features come through. Those that do were still picked for fitting these rows." },
        { text: "Testing on the same rows, with ridge in between.", why: "Tempting, because ridge selects nothing. The lasso's picking came before, and it cannot be undone." },
      ],
    },
  },
  {
    id: "ridge-zero",
    idea: "Ridge has no zeros",
    theory: "l2",
    demo: "#/home?dataset=diabetes&k=0&l1=0",
    see: "Look for a zero in ridge's path",
    ask: "You raise a ridge's lambda to 10, to 100, to 1,000. When do the first weights become exactly zero?",
    options: [
      { text: "At the strength at which the lasso would set its first weights to zero, too.", why: "Tempting, because both are penalties with a lambda. The lasso has a strength at which all weights are zero; ridge has none." },
      { text: "At no strength, save by coincidence: they only come closer to zero.", right: true, why: `A weight is divided, never cut off. On the diabetes table at lambda 10, the smallest of ten effects is ${facts.ridge_smallest} points; it is small and not zero.` },
      { text: "As soon as they are smaller than one standard error.", why: "Tempting, because one would like to drop those. Ridge knows no such threshold; dropping them would be your decision." },
    ],
    variant: {
      ask: "In a ridge's printed table a weight reads 0.00. What is it?",
      options: [
        { text: "Small, and rounded in print.", right: true, why: "Ridge makes weights small and not zero. Print more digits and you will see them." },
        { text: "Zero: ridge has left the feature out.", why: "Tempting, because it reads so. It is the lasso that leaves features out; this feature still takes part in every prediction." },
        { text: "Irrelevant, whatever its digits.", why: "Tempting, because it is small. A small weight can matter much if the feature has large numbers." },
      ],
    },
  },
  {
    id: "twins",
    idea: "Correlated twins share, or one wins by chance",
    theory: "elastic",
    demo: "#/twins?cor=0.997&k=5&l1=1&n=40",
    see: "See the choice flip as other rows are drawn",
    ask: "Two features are near copies of each other, and together they matter. What does the lasso do?",
    options: [
      { text: "It reliably keeps the one that is the cause, since the other has nothing of its own to add.", why: "Tempting, because one of them may be. The lasso sees only correlations, and those are nearly the same for both." },
      { text: "It splits the weight between them evenly.", why: "Tempting, because that would be fair, and ridge does nearly that. For L1 every split of the same sum costs the same." },
      { text: "It splits the weight unevenly or drops one; a few other rows could turn that around.", right: true, why: `The penalty is indifferent, so small chances decide. Two made twins (correlation ${facts.twin_corr}) got ${facts.twin_lasso} from the lasso, ${facts.twin_ridge} from ridge.` },
      { text: "It drops both, since neither is needed beside the other.", why: "Tempting, because each alone could be spared. Without both, what they say would be missing." },
    ],
    variant: {
      ask: `In the diabetes table the column bmi is entered twice. What does ridge (lambda 0.1) do to its effect of ${facts.bmi_once} points?`,
      options: [
        { text: `It gives each copy ${facts.bmi_twice}.`, right: true, why: "Equal shares have the smallest sum of squares. Together they come to a little more than before, because two small weights cost less than one large one." },
        { text: `It gives one copy ${facts.bmi_once} and the other 0.`, why: "Tempting, because the second copy adds nothing. For squares that would be the dearest way to write the same predictions." },
        { text: "It stops with an error: the columns are the same.", why: "Tempting, because least squares has no single answer then. The L2 penalty gives it one." },
      ],
    },
  },
  {
    id: "lambda-zero",
    idea: "Lambda = 0 is least squares",
    theory: "regularization",
    demo: "#/home?dataset=wide100&k=99&l1=1",
    see: "See the weak end on a wide table",
    ask: "What is a lasso with lambda = 0?",
    options: [
      { text: "Plain least squares; with more features than rows it has no single answer.", right: true, why: "Without a price, only the fit counts. With more features than rows many sets of weights fit perfectly, and nothing says which." },
      { text: "The best lasso there is for new rows, since no weight is distorted by a penalty.", why: "Tempting, because shrinking is a distortion. It is one that pays: a little of it makes errors on new rows smaller where data are scarce." },
      { text: "A model with all weights zero.", why: "Tempting, because of the zero. It is the price that is zero, not the weights; those are zero at the other end." },
      { text: "The same as ridge with lambda = 1.", why: "Tempting, if one thinks of L1 and L2 as two ends of one scale. That scale is the mix; lambda is the strength of either." },
    ],
    variant: {
      ask: "At lambda = 0, which of ridge, lasso and elastic net predicts best on new rows?",
      options: [
        { text: "They are the same.", right: true, why: "Where the penalty counts for nothing, its shape does not matter: all three are least squares." },
        { text: "Ridge, for it keeps everything.", why: "Tempting, because it does in general. At lambda = 0 the lasso keeps everything too." },
        { text: "The lasso, for it leaves out what is useless.", why: "Tempting, because it is known for that. At lambda = 0 nothing is left out." },
      ],
    },
  },
  {
    id: "more-data",
    idea: "More rows need less penalty",
    theory: "overfitting",
    demo: "#/theory?at=overfitting",
    see: "See the errors as the table grows",
    ask: "You get 100 times as many rows from the same source. What becomes of the best lambda (beside a mean squared error)?",
    options: [
      { text: "It becomes smaller: there is less chance in the fit to hold back.", right: true, why: `With 60 rows ridge had a mean squared error of ${facts.more_60_ridge} and least squares ${facts.more_60_least}; with 6,000 rows both had ${facts.more_6000_ridge}, and the strength that was chosen was far smaller.` },
      { text: "It becomes larger: more data need more control.", why: "Tempting, because big things are hard to hold. More rows hold the weights better by themselves." },
      { text: "It stays: lambda belongs to the features.", why: "Tempting, because the features are the same. The penalty guards against chance, and there is less of it in more rows." },
    ],
    variant: {
      ask: "Your model overfits: 54 on training rows, 90 on held-out rows. Which helps most surely, if you can have it?",
      options: [
        { text: "More rows from the same source.", right: true, why: "They shrink the chance in the fit itself, at no price in bias. A well-chosen penalty is what one does when they cannot be had." },
        { text: "More features about the same rows.", why: "Tempting, because it is more data too. More features give the fit more freedom to follow chance." },
        { text: "A weaker penalty.", why: "Tempting, because the training error would fall. The gap would grow." },
      ],
    },
  },
  {
    id: "importance",
    idea: "Weights are not importances",
    theory: "standardize",
    demo: "#/home?dataset=diabetes&l1=1&pick=bmi",
    see: "See effects per standard deviation",
    ask: `Least squares on the diabetes table: sex has the weight ${facts.least_sex}, bmi ${facts.least_bmi}. Is sex the more important one?`,
    options: [
      { text: "Yes: its weight is several times as large.", why: `Tempting, because the numbers say so. They have different units; per standard deviation bmi has ${facts.effect_bmi} points and sex ${facts.effect_sex}.` },
      { text: `Not by that: per standard deviation it is ${facts.effect_sex} against ${facts.effect_bmi} for bmi.`, right: true, why: "Sex takes two values a single unit apart, bmi varies by several units. Put on the same spread, bmi's effect is the larger. And even that is about predictions, not causes." },
      { text: "No: its weight is negative.", why: "Tempting, because negative sounds like less. The sign is a direction; the size is what would count." },
      { text: "It cannot be said: weights of different columns can never be compared, in any unit.", why: "Tempting, because units differ. Per standard deviation they can be compared, as sizes of effects on the prediction." },
    ],
    variant: {
      ask: "A weight is 0.001 for income in euros. Does income hardly matter?",
      options: [
        { text: "One cannot tell: 0.001 per euro is 10 for 10,000 euros.", right: true, why: "Incomes differ by many thousands. Multiply the weight by the feature's standard deviation before you compare." },
        { text: "Yes: it is nearly zero.", why: "Tempting, because it looks like nothing. In thousands of euros the same weight would be 1." },
        { text: "Yes, or a lasso would have made it larger.", why: "Tempting, because kept features look important. A lasso makes weights smaller, never larger for importance's sake." },
      ],
    },
  },
  {
    id: "leaves-again",
    idea: "A feature can leave the path again",
    theory: "l1",
    demo: `#/home?dataset=diabetes&k=${facts.s3_left_index}&l1=1&pick=s3`,
    see: "See s3 leave and return",
    ask: "Lambda is lowered step by step, and a feature has just come into the lasso. Can it go out again at a smaller lambda?",
    options: [
      { text: "No: less penalty means more features, so what is in stays in.", why: `Tempting, because mostly it is so. On the diabetes table s3 goes back to zero at lambda ${facts.s3_left}, and returns with the other sign by ${facts.s3_back}.` },
      { text: "Yes: others that come in can take over what it said.", right: true, why: `On the diabetes table s3 comes in early, is zero again at lambda ${facts.s3_left}, and returns with the other sign by ${facts.s3_back}.` },
      { text: "Only if the solver is not exact.", why: "Tempting, because it looks like a fault. It is a property of the exact path; the solver only reports it." },
    ],
    variant: {
      ask: "Along a lasso's path, what must a weight pass through on its way from positive to negative?",
      options: [
        { text: "Exactly zero: the path has no jumps, so the feature is out in between.", right: true, why: `The path is a chain of straight lines. s3 on the diabetes table does this: it is out at lambda ${facts.s3_left}.` },
        { text: "Nothing: it jumps from one sign to the other as soon as that fits better.", why: "Tempting, because signs come in two. The weights change without jumps as lambda does." },
        { text: "Weights never change their sign along a path.", why: "Tempting, because it is rare. When correlated features come in, it happens." },
      ],
    },
  },
  {
    id: "lasso-at-most-n",
    idea: "The lasso keeps no more features than rows",
    theory: "elastic",
    demo: "#/home?dataset=wide100&l1=1",
    see: "See how many a wide table keeps",
    ask: "30 rows, 100 features, 50 of them real. How many can the lasso keep, as a rule?",
    options: [
      { text: "All 50 that are real.", why: `Tempting, because they matter. 30 rows cannot pin down 50 weights under L1; on a made table it never kept more than ${facts.wide_lasso}.` },
      { text: "No more than about the number of rows.", right: true, why: `On a made table it never kept more than ${facts.wide_lasso}. An elastic net has no such limit; with a mix of 0.1 it kept up to ${facts.wide_net}.` },
      { text: "All 100, at a small lambda.", why: "Tempting, because a small penalty lets all in. With fewer rows than features the fit is perfect before that." },
    ],
    variant: {
      ask: "40 rows, 500 features, and you expect far more than 40 to matter. What speaks for an elastic net?",
      options: [
        { text: "It can keep more features than there are rows.", right: true, why: "Its L2 part settles the weights even where rows are fewer; the lasso as a rule stops at about their number." },
        { text: "It gives every feature a weight, as ridge does.", why: "Tempting, because it can keep many. It still has corners and sets features to zero." },
        { text: "It needs no cross-validation with so few rows.", why: "Tempting, because folds of 40 rows are small. The strength, and the mix, still have to be chosen." },
      ],
    },
  },
  {
    id: "bias-of-kept",
    idea: "What the lasso keeps is shrunk as well",
    theory: "l1",
    demo: `#/home?dataset=diabetes&k=${facts.lasso_1se_index}&l1=1&pick=s5`,
    see: "Follow s5 along the path",
    ask: "A lasso keeps s5. How does its weight compare with the one of least squares?",
    options: [
      { text: "The same: L1 removes features and leaves the others alone.", why: "Tempting, because the zeros catch the eye. The penalty also pulls at every weight that stays." },
      { text: "It is usually smaller: the features that stay are shrunk too.", right: true, why: `With the one-standard-error rule on the diabetes table the weight of s5 is ${facts.lasso_s5}; least squares gives ${facts.least_s5}.` },
      { text: "Larger, because it takes over the work of all those left out.", why: `Tempting, because it does take over some. The pull towards zero outweighs it here: ${facts.lasso_s5} against ${facts.least_s5}.` },
    ],
    variant: {
      ask: "A single standardized feature has the least-squares weight 3. The lasso's lambda is 0.5 (loss: half the mean squared error). What is its weight?",
      options: [
        { text: "3: it is large enough to stay.", why: "Tempting, because only small weights vanish. But every weight has lambda taken off its size." },
        { text: "2.5", right: true, why: "The size less lambda: 3 - 0.5 = 2.5. Only a size of 0.5 or less would end at zero." },
        { text: "2", why: "Tempting: 3 / (1 + 0.5) = 2 is what ridge does. The lasso takes an amount off instead of dividing." },
      ],
    },
  },
  {
    id: "folds-reshuffled",
    idea: "Other folds, another choice",
    theory: "lambda",
    demo: "#/home?dataset=diabetes&folds=1&l1=1&seed=1",
    see: "Reshuffle the folds",
    ask: "You reshuffle the folds, and cross-validation picks another lambda. What does that tell you?",
    options: [
      { text: "Cross-validation is broken.", why: "Tempting, because a method should give one answer. Its answer depends on which rows are held out together; that is chance, and it is visible." },
      { text: "The curve is flat near its lowest point; where exactly that is, is chance.", right: true, why: `On the diabetes table three shuffles chose lambdas from ${facts.seeds_low} to ${facts.seeds_high} and kept ${facts.seeds_kept} features, with nearly the same error.` },
      { text: "One should go on shuffling until the error is lowest, and report that one.", why: "Tempting, because a lower number looks better. That would pick a lucky split, and the number would hold for nobody else." },
    ],
    variant: {
      ask: "Two shuffles of the folds choose lambdas 40% apart, with errors that differ by far less than one standard error. What do you do?",
      options: [
        { text: "Take either, or average over shuffles: the data cannot tell them apart.", right: true, why: "A difference well within one standard error is no evidence. Repeating the folds makes the curve calmer." },
        { text: "Throw the data away: a choice that wavers so much cannot be trusted at all.", why: "Tempting, because the answer wavers. Only the lambda wavers; the error, which you care about, hardly does." },
        { text: "Report the shuffle with the smaller error.", why: "Tempting, because it is smaller. It was picked for that, so it flatters." },
      ],
    },
  },
  {
    id: "log-grid",
    idea: "Strengths are tried on a log grid",
    theory: "lambda",
    demo: "#/home?dataset=diabetes&l1=1",
    see: "Step along the grid",
    ask: "Why are strengths tried on a log grid (1, 0.1, 0.01, ...) and not in equal steps?",
    options: [
      { text: "Because it is faster to compute.", why: "Tempting, because computing is often the reason. Any grid of the same length costs much the same." },
      { text: "Because ratios matter: from 0.01 to 0.02 is as big a change as from 1 to 2.", right: true, why: "Nobody knows the right order of size beforehand. A log grid covers several with few points; equal steps would spend nearly all of them at the strong end." },
      { text: "Because lambda must be a power of ten for the solver to find the exact minimum.", why: "Tempting, because examples look so. Any number of at least 0 is allowed." },
    ],
    variant: {
      ask: `On the diabetes table the lasso's grid starts at lambda ${facts.alpha_max} (columns and target standardized). Why there?`,
      options: [
        { text: "It is the smallest strength at which all weights are zero.", right: true, why: "Above it nothing changes. It can be computed beforehand from the features' covariances with the target, so the grid need not guess." },
        { text: "It is a value that works well for most data once they are standardized.", why: "Tempting, because many settings are such values. This one is computed from the data at hand." },
        { text: "It is where the held-out error is lowest.", why: `Tempting, because that is what one looks for. The lowest error lies further down, at ${facts.lasso_min_alpha}.` },
      ],
    },
  },
  {
    id: "any-l1-has-corners",
    idea: "Any share of L1 has corners",
    theory: "elastic",
    demo: "#/corners?dataset=diabetes&i=s5&j=s6&k=20&l1=0.5",
    see: "See the corners of the elastic net",
    ask: "An elastic net with a mix of 0.5 (half L1): can it set weights to exactly zero?",
    options: [
      { text: "No: the L2 part rounds the corners off.", why: "Tempting, because its sides do bulge. At an axis the L1 part still has its kink, so the corner stays, only less sharp." },
      { text: "Yes: any share of L1 leaves corners on the axes.", right: true, why: `On the diabetes table with a mix of 0.5 and the one-standard-error rule it keeps ${facts.net_1se_kept} of ten features; the others are exactly zero.` },
      { text: "Only with a mix above 0.5.", why: "Tempting, because the majority should decide. A small share of L1 has a small kink, and a kink is all it takes." },
    ],
    variant: {
      ask: "From which mix on does an elastic net have exact zeros (mix 0: ridge, mix 1: lasso)?",
      options: [
        { text: "From any mix above 0, if lambda is large enough.", right: true, why: "The kink at zero has the size lambda times mix. If that exceeds what the data pull, the weight is held at zero." },
        { text: "From 0.5 on: below that, the L2 part outweighs the other.", why: "Tempting, because it is the middle. Nothing special happens there." },
        { text: "Only at 1.", why: "Tempting, because the lasso is known for zeros. The elastic net has the same kink, made smaller by the mix." },
      ],
    },
  },
];
