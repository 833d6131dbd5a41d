// The theory: one page, a section for each question, each with its formula and a small picture that answers to the hand.
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { Headline } from "../ground/parts";
import { usePlace } from "../ground/state";
import { SECTIONS } from "./sections";

export { SECTIONS } from "./sections";

/** Brings the section that the URL names into view; `moved` says whether the person asked for it here. */
function useSection(at: string | undefined): void {
  const before = useRef<string | undefined>(undefined);
  useEffect(() => {
    const section = at === undefined ? null : document.getElementById(`theory-${at}`);
    if (section && before.current !== at) {
      section.scrollIntoView({ block: "start" });
      section.querySelector<HTMLElement>("h2")?.focus({ preventScroll: true });
    }
    before.current = at;
  }, [at]);
}

function Sources({ children }: { children: ComponentChildren }) {
  return <p class="th-sources">{children}</p>;
}

export function TheoryPage() {
  const { at } = usePlace().settings;
  useSection(at);
  const again = (id: string): void => {
    // The same link a second time changes nothing in the URL, so it has to be obeyed here.
    if (id === at) document.getElementById(`theory-${id}`)?.scrollIntoView({ block: "start" });
  };
  return (
    <article class="th">
      <Headline>Penalties, in plain English</Headline>
      <p class="th-lead">
        Eleven questions about regularization, each answered on half a page, with a picture to try. Every number comes
        from a fit that you can repeat with bridle.
      </p>
      <nav class="th-contents" aria-label="Questions on this page">
        <ol>
          {SECTIONS.map(({ id, title }) => (
            <li>
              <a href={`#/theory?at=${id}`} aria-current={id === at ? "true" : undefined} onClick={() => again(id)}>
                {title}
              </a>
            </li>
          ))}
        </ol>
      </nav>
      {SECTIONS.map(({ id, title, body, figure, see, sources }) => (
        <section class="th-section" id={`theory-${id}`} aria-labelledby={`theory-${id}-title`}>
          <h2 id={`theory-${id}-title`} tabIndex={-1}>
            {title}
          </h2>
          <div class="th-text">{body}</div>
          {figure}
          <p class="th-see">
            <a href={see[0]}>{see[1]}</a>
          </p>
          <Sources>{sources}</Sources>
        </section>
      ))}
    </article>
  );
}
