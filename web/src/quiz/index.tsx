// The quiz: one question at a time; what was missed comes back in other words.
import { useId, useLayoutEffect, useRef, useState } from "preact/hooks";
import { Headline } from "../ground/parts";
import { currentPlace } from "../ground/state";
import { answer, asked, fresh, isRight, keep, next, order, question, read, tally, type State } from "./progress";
import { QUESTIONS } from "./questions";

export { QUESTIONS } from "./questions";

const newSeed = (): number => Math.floor(Math.random() * 2 ** 31);

function start(): State {
  const kept = read();
  if (kept) return kept;
  const wished = Number(currentPlace().settings.seed);
  return fresh(Number.isInteger(wished) && wished > 0 ? wished : newSeed());
}

export function QuizPage() {
  const [state, setState] = useState(start);
  const moved = useRef(false);
  const move = (to: State): void => {
    moved.current = true;
    keep(to);
    setState(to);
  };
  const again = (): void => move(fresh(newSeed()));
  const { settled, first, met } = tally(state);
  const item = state.paused ? undefined : state.queue[0];
  const said =
    item !== undefined && state.chosen !== null
      ? `${isRight(item, state.chosen) ? "Right." : "Not right."} ${settled} of ${QUESTIONS.length} ideas settled.`
      : "";
  return (
    <article class="qz">
      <Headline>Quiz: {QUESTIONS.length} ideas, one at a time</Headline>
      <p class="qz-lead">
        Answer, and read why the others are wrong. What you miss comes back later in other words. Your progress stays in
        this browser.
      </p>
      <div class="qz-progress">
        <progress max={QUESTIONS.length} value={settled} aria-label="Ideas settled" />
        <p>
          {met === 0
            ? `${QUESTIONS.length} ideas to settle`
            : `${settled} of ${QUESTIONS.length} ideas settled; ${first} of ${met} right at the first try`}
        </p>
      </div>
      {item === undefined ? (
        <Summary state={state} follows={moved.current} onAgain={again} onGoOn={() => move({ ...state, paused: false })} />
      ) : (
        <Card key={`${item} ${state.log.length - (state.chosen === null ? 0 : 1)}`} state={state} follows={moved.current} move={move} />
      )}
      <p class="qz-status" role="status" aria-live="polite">
        {said}
      </p>
      {item !== undefined && (
        <p class="qz-foot">
          <button type="button" class="quiet" onClick={() => move({ ...state, paused: true })}>
            Summary so far
          </button>
        </p>
      )}
    </article>
  );
}

/** `follows`: it comes after something answered here, so that the focus, which was there, comes along. */
function Card({ state, follows, move }: { state: State; follows: boolean; move: (to: State) => void }) {
  const item = state.queue[0]!;
  const { ask, options } = asked(item);
  const about = question(item);
  const [picked, setPicked] = useState<number | null>(state.chosen);
  const [hint, setHint] = useState("");
  const name = useId();
  const verdict = useRef<HTMLHeadingElement>(null);
  const title = useRef<HTMLSpanElement>(null);
  const done = state.chosen !== null;
  const was = useRef(done);
  useLayoutEffect(() => {
    if (!done && follows) title.current?.focus();
    if (done && !was.current) verdict.current?.focus();
    was.current = done;
  }, [done]);
  const check = (event: Event): void => {
    event.preventDefault();
    if (done) move(next(state));
    else if (picked === null) setHint("Choose one of the answers first.");
    else move(answer(state, picked));
  };
  const right = done && isRight(item, state.chosen!);
  const seen = state.log.some(([before], k) => question(before) === about && k < state.log.length - (done ? 1 : 0));
  return (
    <form class="qz-card" onSubmit={check}>
      <fieldset>
        <legend>
          <span ref={title} tabIndex={-1} class="qz-ask">
            {seen && <span class="qz-seen">In other words: </span>}
            {ask}
          </span>
        </legend>
        {done && (
          <h2 ref={verdict} tabIndex={-1} class="qz-verdict">
            {right ? "✓ Right" : "✗ Not right; it comes back later in other words"}
          </h2>
        )}
        {order(state, item).map((k) => {
          const option = options[k]!;
          const mine = state.chosen === k;
          const look = done ? (option.right ? "qz-right" : mine ? "qz-wrong" : "qz-other") : "";
          return (
            <div class={`qz-option ${look}`} key={k}>
              <label>
                <input
                  type="radio"
                  name={name}
                  value={k}
                  checked={(done ? state.chosen : picked) === k}
                  disabled={done}
                  onChange={() => {
                    setPicked(k);
                    setHint("");
                  }}
                />
                <span>{option.text}</span>
              </label>
              {done && (
                <p>
                  <strong>{option.right ? (mine ? "✓ Your answer, and right. " : "✓ Right. ") : mine ? "✗ Your answer. " : ""}</strong>
                  {option.why}
                </p>
              )}
            </div>
          );
        })}
      </fieldset>
      {done && (
        <div class="qz-idea">
          <p>The idea: {about.idea}.</p>
          <p>
            <a href={about.demo}>{about.see}</a>
            <a href={`#/theory?at=${about.theory}`}>Read about it</a>
          </p>
        </div>
      )}
      <p class="qz-buttons">
        <button type="submit">{done ? (state.queue.length > 1 ? "Next question" : "To the summary") : "Check the answer"}</button>
        <span class="qz-hint" role="alert">
          {hint}
        </span>
      </p>
    </form>
  );
}

function Summary(props: { state: State; follows: boolean; onAgain: () => void; onGoOn: () => void }) {
  const { state } = props;
  const { met, first, again } = tally(state);
  const left = state.queue.length > 0;
  const title = useRef<HTMLHeadingElement>(null);
  useLayoutEffect(() => {
    if (props.follows) title.current?.focus();
  }, []);
  return (
    <section class="qz-summary">
      <h2 ref={title} tabIndex={-1}>
        {left ? "Summary so far" : "You have been through all of it"}
      </h2>
      <p>
        {met === 0
          ? "Nothing is answered yet."
          : `Right at the first try: ${first} of ${met}${left ? " so far" : ""}.` +
            (again.length ? "" : " There is nothing to look at again.")}
      </p>
      {again.length > 0 && (
        <>
          <h3>Worth another look</h3>
          <ul>
            {again.map((q) => (
              <li>
                {q.idea}: <a href={q.demo}>{q.see}</a> <span aria-hidden="true">·</span>{" "}
                <a href={`#/theory?at=${q.theory}`} aria-label={`Read about it: ${q.idea}`}>
                  Read about it
                </a>
              </li>
            ))}
          </ul>
        </>
      )}
      <p class="qz-buttons">
        {left && (
          <button type="button" onClick={props.onGoOn}>
            Go on
          </button>
        )}
        <button type="button" class={left ? "quiet" : undefined} onClick={props.onAgain}>
          Start again, forgetting all answers
        </button>
      </p>
    </section>
  );
}
