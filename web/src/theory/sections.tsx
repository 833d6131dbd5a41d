// The text of the theory page. Numbers in it come from facts.json, which web/dev/theory_facts.py computes with bridle.
import type { JSX } from "preact";
import facts from "./facts.json";
import { Contact } from "./figures/contact";
import { Curve } from "./figures/curve";
import { Decay } from "./figures/decay";
import { MoreRows } from "./figures/more_rows";
import { OneWeight } from "./figures/one_weight";
import { Stopping } from "./figures/stopping";
import { Twins } from "./figures/twins";
import { Units } from "./figures/units";
import { Wiggle } from "./figures/wiggle";
import { Worlds } from "./figures/worlds";
import { Formula, M } from "./formula";

export interface Section {
  readonly id: string;
  readonly title: string;
  readonly body: JSX.Element;
  readonly figure: JSX.Element;
  readonly see: readonly [hash: string, text: string];
  readonly sources: string;
}

export const SECTIONS: readonly Section[] = [
  {
    id: "regularization",
    title: "What is regularization?",
    body: (
      <>
        <p>
          A model with many weights can bend itself to every accident in the rows it learns from. It then does well on
          those rows and badly on new ones. This is called overfitting.
        </p>
        <p>
          Regularization puts a price on large weights. The model no longer looks for the smallest error alone, but for
          the smallest sum of two things: the error on its rows, called the loss, and a penalty for the size of the
          weights.
        </p>
        <Formula of={'"the smallest sum of" \n {1}/{2n} ∑_i ( y_i - b - x_i w )^2 + λ Ω ( w )'} say="Half the mean squared error, plus lambda times the penalty of the weights." />
        <p>
          The number <M of="λ" /> says how much the penalty counts. At 0 it counts for nothing. As it grows, the weights are
          held closer and closer to zero, and the model becomes calmer: a little worse on the rows it knows, often better on
          those it does not.
        </p>
        <p>
          The intercept <M of="b" /> is the level of the predictions and not a size that does harm, so it goes free. Bridle calls <M of="λ" /> alpha. Other packages scale the same idea
          differently, so a number carried from one to another must be converted.
        </p>
      </>
    ),
    figure: <Wiggle />,
    see: ["#/home?dataset=diabetes&l1=0", "See it on a real table: ridge, from strong to weak"],
    sources: "Hoerl and Kennard 1970 (Technometrics 12); Hastie, Tibshirani and Friedman 2009, The Elements of Statistical Learning, chapter 3.",
  },
  {
    id: "l2",
    title: "What does L2 do? (ridge, weight decay)",
    body: (
      <>
        <p>
          The L2 penalty is the sum of the squared weights. A model with this penalty is called a ridge regression; in neural networks the same idea
          goes by the name of weight decay.
        </p>
        <Formula of={'Ω ( w ) = {1}/{2} ∑_j w_j^2 \n "for one weight: " w = {z}/{1 + λ}'} say="Half the sum of the squared weights. One weight z alone becomes z divided by one plus lambda." />
        <p>
          Squaring makes large weights dear and small ones cheap. Halving a weight of 2 saves far more than halving one of
          0.2. So L2 works against the large weights first, spreads the work over many features, and has no reason to
          remove a small weight altogether: close to zero its pull fades away.
        </p>
        <p>
          In the picture, one weight of a standardized feature is divided by <M of="1 + λ" />. It shrinks and shrinks, but
          no finite <M of="λ" /> makes it exactly zero. On the diabetes table, even at <M of="λ = 10" />, the smallest of the ten
          effects is {facts.ridge_smallest} points, not 0.
        </p>
        <p>
          Where features resemble each other, L2 shares the weight between them. Least squares gives s1 an effect of{" "}
          {facts.least_s1} points, because its near copy s2 pulls the other way; a ridge with <M of="λ = 0.1" /> makes
          that {facts.ridge_s1}.
        </p>
      </>
    ),
    figure: <OneWeight penalty="l2" />,
    see: ["#/corners?dataset=diabetes&i=s1&j=s2&k=45&l1=0", "See s1 and s2 share their weight"],
    sources: "Hoerl and Kennard 1970 (Technometrics 12). An effect is a weight times the feature's standard deviation.",
  },
  {
    id: "l1",
    title: "What does L1 do? (the lasso)",
    body: (
      <>
        <p>
          The L1 penalty is the sum of the weights' sizes, their signs set aside. A regression with this penalty is called
          the lasso.
        </p>
        <Formula of={'Ω ( w ) = ∑_j | w_j | \n "for one weight: " w = ± "max" ( | z | - λ , 0 )'} say="The sum of the sizes of the weights. One weight z alone is moved towards zero by lambda, and stops at zero; it keeps its sign." />
        <p>
          Its pull is the same at every size. A weight of 0.01 is drawn towards zero as hard as a weight of 100. What the
          data say in favour of a small weight may be weaker than this pull; then the weight is held at zero, exactly, and
          its feature is out of the model.
        </p>
        <p>
          So the lasso does two things at once: it shrinks, and it selects. On the diabetes table it keeps{" "}
          {facts.lasso_min_kept} of ten features at the strength with the lowest error on held-out rows, and{" "}
          {facts.lasso_1se_kept} with the more cautious rule below.
        </p>
        <p>
          The features it keeps are shrunk too. The weight of s5 is {facts.least_s5} in least squares and{" "}
          {facts.lasso_s5} in that cautious lasso. A zero does not prove that a feature is irrelevant, and a feature that is kept is
          not proven to matter: the lasso looks for a set that predicts well together.
        </p>
      </>
    ),
    figure: <OneWeight penalty="l1" />,
    see: [`#/home?dataset=diabetes&k=${facts.lasso_1se_index}&l1=1`, "See the lasso keep some and leave the others"],
    sources: "Tibshirani 1996 (Journal of the Royal Statistical Society B 58).",
  },
  {
    id: "corners",
    title: "Why the corners?",
    body: (
      <>
        <p>
          Take two weights and draw the loss as a landscape seen from above. Its lines of equal loss are ellipses around the
          least-squares answer. The penalty allows a body around zero: all pairs of weights that are no dearer than some
          budget. The answer lies where the smallest ellipse that can still reach the body touches it.
        </p>
        <Formula of={'"L1, a diamond: " | w_1 | + | w_2 | ≤ t \n "L2, a disc: " w_1^2 + w_2^2 ≤ t^2'} say="The sizes of the weights add up to at most t: a diamond. Or their squares add up to at most t squared: a disc." />
        <p>
          For L2 the body is a disc. It is round everywhere, so an ellipse that comes from somewhere touches it at a point
          where both weights differ from zero; only by rare coincidence would it be on an axis.
        </p>
        <p>
          For L1 it is a diamond, and its corners lie on the axes, where one weight is zero. A corner sticks out. Ellipses
          arriving from a whole range of directions meet it first. That is why the lasso's zeros are exact and ordinary, not luck.
        </p>
        <p>
          In numbers: a weight stays at zero as long as the slope of the loss there, up or down, is no steeper than{" "}
          <M of="λ" />. At the diamond's corner many slopes are held in balance; on a disc there is only one.
        </p>
      </>
    ),
    figure: <Contact start={1} />,
    see: ["#/corners?dataset=diabetes&dim=3&i=s5&j=s6&l1=1", "See it in three dimensions, on two features of your choice"],
    sources: "Tibshirani 1996, section 2; the picture's problem (two features, correlation 0.6) is solved exactly.",
  },
  {
    id: "elastic",
    title: "What is the elastic net for?",
    body: (
      <>
        <p>
          The elastic net pays both prices. A mix, called l1_ratio in bridle, says how much of each: 1 is the lasso, 0 is ridge.
        </p>
        <Formula of={"Ω ( w ) = ρ ∑_j | w_j | + {1 - ρ}/{2} ∑_j w_j^2"} say="Rho times the sum of the sizes, plus half of one minus rho times the sum of the squares." />
        <p>
          Its main reason is groups of features that resemble each other. Faced with two near copies, the lasso has no
          firm opinion which to take; a few rows more or less, and it takes the other one. The L2 part makes equal shares cheaper than
          unequal ones, so the group comes in together, while the L1 part still sets other features to exactly zero.
        </p>
        <p>
          Two made columns with correlation {facts.twin_corr} show it: at <M of="λ = 0.1" /> the lasso gives them the weights{" "}
          {facts.twin_lasso}, the elastic net with a mix of one half {facts.twin_net}, ridge {facts.twin_ridge}.
        </p>
        <p>
          A second reason is wide tables. With 30 rows the lasso as a rule keeps at most 30 features; on a made table with
          100 features, 50 of them real, it never kept more than {facts.wide_lasso}, an elastic net with a mix of 0.1 up to{" "}
          {facts.wide_net}. Its body is a diamond with bulging sides: the corners stay.
        </p>
      </>
    ),
    figure: <Twins />,
    see: ["#/twins?cor=0.997&k=5&l1=0.5&n=40", "See two near copies, and what each penalty makes of them"],
    sources: "Zou and Hastie 2005 (Journal of the Royal Statistical Society B 67).",
  },
  {
    id: "which",
    title: "L1 or L2: which, and when?",
    body: (
      <>
        <p>
          Ask what you believe about the features. If few of many matter, L1 suits the case: it can leave the others out
          and spend its weights where they count. If many matter a little each, L2 suits it: leaving features out would lose what they say.
        </p>
        <Formula of={'"few of many matter: " ∑_j | w_j | \n "many matter a little: " ∑_j w_j^2'} say="Few of many matter: the sum of sizes. Many matter a little: the sum of squares." />
        <p>
          The picture shows one table of each kind, with the same noise. Where 50 of 1,000 features matter, the lasso's
          error is {facts.sparse_lasso} and ridge's {facts.sparse_ridge}. Where all 200 matter a little, ridge has{" "}
          {facts.dense_ridge} and the lasso {facts.dense_lasso}.
        </p>
        <p>
          A short list is worth something in itself: fewer things to measure and to explain. But read it with care. In the first table the lasso found all {facts.sparse_real} real features and kept{" "}
          {facts.sparse_false} others beside them.
        </p>
        <p>
          If features come in groups of near copies, or you have no firm belief, let cross-validation choose the mix too: an elastic net includes both. On the diabetes table it hardly matters: the lasso's error is {facts.lasso_min_error}, ridge's {facts.ridge_min_error}.
        </p>
      </>
    ),
    figure: <Worlds />,
    see: ["#/needles?k=31&l1=1&n=300", "See a made table of 1,000 features, 50 of them real"],
    sources: "Tibshirani 1996, section 7; Hastie, Tibshirani and Wainwright 2015, Statistical Learning with Sparsity. Errors are root mean squares on 5,000 new rows.",
  },
  {
    id: "overfitting",
    title: "Does it prevent overfitting?",
    body: (
      <>
        <p>
          It holds overfitting back; it does not abolish it. A penalty trades one kind of error for another. Least squares is right on average but
          swings with every new sample: its variance is high. A penalized model is a little wrong on average, which is called bias, and swings less.
        </p>
        <Formula of={'"expected squared error" \n = "noise" + "bias"^2 + "variance"'} say="The expected squared error is the noise, plus the bias squared, plus the variance." />
        <p>
          Up to a point the variance falls faster than the bias rises, and new rows are predicted better. Beyond it the model is too stiff to say what the
          data say: underfitting. So a penalty helps at the right strength, and harms at too great a one.
        </p>
        <p>
          It helps most where rows are few for the number of features. With 60 rows and 40 features, least squares had a
          mean squared error of {facts.more_60_least} on new rows, ridge {facts.more_60_ridge}. With 6,000 rows both had {facts.more_6000_ridge}, and the penalty had nearly nothing left to do.
        </p>
        <p>
          And it cannot help against rows that do not resemble the future, against a target that leaked into the features, or against choosing
          on the rows that are meant to judge.
        </p>
      </>
    ),
    figure: <MoreRows />,
    see: ["#/overfit?k=45&l1=0", "See a wild curve calm down, and the error on new points fall and rise"],
    sources: "Hastie, Tibshirani and Friedman 2009, chapter 7. Means over ten made tables; the noise alone has a mean square of 4.",
  },
  {
    id: "lambda",
    title: "How do I choose lambda?",
    body: (
      <>
        <p>
          Not by the error on the training rows: that only ever rises with <M of="λ" />, on the diabetes table from{" "}
          {facts.train_weak} to {facts.train_strong}. What counts are rows the fit has not seen. Cross-validation provides them: cut the rows into five parts,
          called folds, fit on four, measure on the fifth, and take turns.
        </p>
        <Formula of={'λ_k = λ_"max" ε^{k "/" K} , "  " k = 0 , 1 , … , K'} say="Strengths from lambda max downwards, each a fixed share of the one before." />
        <p>
          The grid is even on a log scale, from the strength that keeps nothing down to a small share of it, often a thousandth, because doubling{" "}
          <M of="λ" /> is the natural step: from 0.01 to 0.02 changes much, from 1.01 to 1.02 hardly anything.
        </p>
        <p>
          Two rules are usual. <em>Lowest</em> takes the smallest held-out error. <em>One standard error</em> takes the
          strongest penalty whose error lies within one standard error of it: the simplest model that is not clearly worse. For the lasso on the
          diabetes table that is {facts.lasso_min_kept} features with an error of {facts.lasso_min_error}, or{" "}
          {facts.lasso_1se_kept} with {facts.lasso_1se_error}.
        </p>
        <p>
          The lowest error was itself picked as the lowest, so it flatters a little. Nested cross-validation, which repeats the choice inside every fold, gives one
          that is free of that: {facts.lasso_nested} here.
        </p>
      </>
    ),
    figure: <Curve />,
    see: [`#/home?dataset=diabetes&k=${facts.lasso_min_index}&l1=1`, "See both rules on the diabetes table"],
    sources: "Stone 1974 (JRSS B 36); Breiman, Friedman, Olshen and Stone 1984, section 3.4 (the rule); Friedman, Hastie and Tibshirani 2010 (Journal of Statistical Software 33; the grid). The picture: a made table of 80 rows, 8 of 40 features real.",
  },
  {
    id: "standardize",
    title: "Must I standardize?",
    body: (
      <>
        <p>
          Nearly always. A weight depends on the unit of its feature. Measured in grams instead of kilograms, a feature has
          numbers a thousand times larger and needs a weight a thousand times smaller. Least squares does not mind. A penalty does: it sees the tiny weight and finds it cheap.
        </p>
        <Formula of={'x → {x - "mean" ( x )}/{"sd" ( x )}'} say="Every feature: subtract its mean, divide by its standard deviation." />
        <p>
          Standardizing brings every feature to the same spread, so the same penalty means the same to each. Bridle does it
          unless told not to, and gives the weights back in the units you know.
        </p>
        <p>
          The picture leaves the columns as they are. The lasso at <M of="λ = 1" /> gives s5, whose numbers hardly
          vary, an effect of {facts.s5_own_units} points. Multiply s5 by 1,000, which changes nothing about the
          patients, and its effect is {facts.s5_times_1000}: now it is as good as unpenalized, and the others have to give way.
        </p>
        <p>
          In cross-validation, the means and spreads must come from each fold's training rows alone. If all features share one unit, such as the pixels of an image, leaving
          them as they are can be the better choice.
        </p>
      </>
    ),
    figure: <Units />,
    see: ["#/home?dataset=diabetes&l1=1&pick=s5&scale=s5&std=0", "See one column times 1,000, without standardizing"],
    sources: "Hastie, Tibshirani and Friedman 2009, section 3.4. An effect is the change of the prediction per standard deviation of a feature.",
  },
  {
    id: "decay",
    title: "What is weight decay? And AdamW?",
    body: (
      <>
        <p>
          Neural networks have no formula for the best weights; they walk downhill, step by step, along the gradient, the
          slope of the loss. With an L2 penalty added to the loss, each step first multiplies the weight by a factor slightly below one. The weight decays.
        </p>
        <Formula of={'w ← w ( 1 - 2 η λ ) - η ∇ L \n "for the penalty " λ ∑_j w_j^2'} say="The weight times one minus two eta lambda, less the learning rate eta times the gradient of the loss." />
        <p>
          The 2 comes from the square. Where a package writes the penalty with a half, the factor is <M of="1 - η λ" />; so
          a lambda of 0.5 here is a weight_decay of {facts.decay_as_torch} there. And the decay goes on beside the loss: the weight rests where both pulls
          balance, not at zero.
        </p>
        <p>
          For plain gradient steps, penalty and decay are one and the same. For Adam they are not. Adam divides each
          weight's gradient by its usual size, the penalty's gradient with it. A weight with large gradients is then decayed less than
          one with small gradients. AdamW takes the decay out of that division, so that all weights decay at the same rate. What it finds is then no longer the
          minimum of loss plus penalty; which of the two is meant has to be said.
        </p>
      </>
    ),
    figure: <Decay />,
    see: ["#/descent?alpha=0.3&lr=0.1&t=2&way=l2", "See the two parts of every step"],
    sources: "Krogh and Hertz 1992 (NIPS 4); Loshchilov and Hutter 2019 (ICLR). The picture: the loss (w − 1)², from w = 3.",
  },
  {
    id: "stopping",
    title: "Are dropout and early stopping penalties too?",
    body: (
      <>
        <p>
          In effect, yes. Gradient descent that starts at zero finds the strong directions of the data first and the weak
          ones late. Stop early, and the weak ones are still near zero, much as under a ridge.
        </p>
        <Formula of={'"kept after " t " steps: " 1 - ( 1 - η d )^t \n "kept by ridge: " {d}/{d + λ} , "  " λ ≈ {1}/{η t}'} say="After t steps, one minus the t-th power of one minus eta d is kept; ridge keeps d over d plus lambda, with lambda about one over eta t." />
        <p>
          The two curves in the picture are close, not equal. When to stop is a choice like <M of="λ" />, so it needs
          validation rows; and the error on those same rows is no honest estimate afterwards.
        </p>
        <p>
          Dropout switches off inputs, or hidden units, at random in every training step, so that none can be relied on alone. To keep
          the expected sum the same, the survivors are divided by the share that is kept, usually during training;
          when predicting, everything is on and nothing is scaled again.
        </p>
        <p>
          For a linear model, dropout on the inputs is on average exactly a ridge whose penalty on each weight grows with the feature's
          mean square. In networks with hidden layers that is a guide, not an equation.
        </p>
      </>
    ),
    figure: <Stopping />,
    see: ["#/descent?stop=30", "See early stopping beside ridge"],
    sources: "Srivastava and others 2014 (JMLR 15); Wager, Wang and Liang 2013 (NIPS 26); Ali, Kolter and Tibshirani 2019 (AISTATS).",
  },
];
