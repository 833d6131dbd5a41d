// The lab: one shell, five screens, all state in the URL's hash.

import { render, type JSX } from "preact";
import { useEffect } from "preact/hooks";
import { installFacts } from "./ground/facts";
import { linkTo, usePlace } from "./ground/state";
import { Corners } from "./screens/corners";
import { Descent } from "./screens/descent";
import { Home } from "./screens/home";
import { QuizPage } from "./quiz";
import { TheoryPage } from "./theory";

const TITLES: readonly (readonly [string, string])[] = [
  ["home", "Path"],
  ["corners", "Corners"],
  ["descent", "Descent"],
  ["theory", "Theory"],
  ["quiz", "Quiz"],
];

function Lab(): JSX.Element {
  const { screen, settings } = usePlace();
  const title = TITLES.find(([name]) => name === screen)?.[1] ?? "";
  useEffect(() => {
    document.title = `${title} · bridle lab`;
  }, [title]);
  return (
    <>
      <a class="skip" href="#main" onClick={(e) => {
        e.preventDefault();
        document.getElementById("main")?.focus();
      }}>Skip to the lesson</a>
      <header class="top">
        <p class="kicker"><span class="brand">bridle</span>lab</p>
        <nav aria-label="Lesson">
          {TITLES.map(([name, label]) => (
            <a key={name} href={linkTo(name)} aria-current={name === screen ? "page" : undefined}>{label}</a>
          ))}
        </nav>
      </header>
      <main id="main" tabIndex={-1} class={screen}>
        {screen === "home" && <Home settings={settings} />}
        {screen === "corners" && <Corners settings={settings} />}
        {screen === "descent" && <Descent settings={settings} />}
        {screen === "theory" && <TheoryPage />}
        {screen === "quiz" && <QuizPage />}
      </main>
      <footer>Every number here is computed by bridle on this machine, or was when this folder was written. Nothing is sent anywhere.</footer>
    </>
  );
}

installFacts();
const root = document.getElementById("app");
if (root) {
  root.replaceChildren();
  render(<Lab />, root);
}
