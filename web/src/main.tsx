// The lab: one shell, ten screens, all state in the URL's hash.

import { render, type JSX } from "preact";
import { useEffect } from "preact/hooks";
import { installFacts } from "./ground/facts";
import { isLazy, Lazy } from "./ground/lazy";
import { usePlace } from "./ground/state";
import { Corners } from "./screens/corners";
import { Descent } from "./screens/descent";
import { Home } from "./screens/home";
import { Navigation, Onward, STOPS, visit } from "./screens/map";
import { QuizPage } from "./quiz";
import { TheoryPage } from "./theory";

function Lab(): JSX.Element {
  const { screen, settings } = usePlace();
  const title = STOPS.find(({ name }) => name === screen)?.title ?? "";
  useEffect(() => {
    document.title = `${title} · bridle lab`;
    visit(screen);
  }, [screen]);
  return (
    <>
      <a class="skip" href="#main" onClick={(e) => {
        e.preventDefault();
        document.getElementById("main")?.focus();
      }}>Skip to the lesson</a>
      <header class="top">
        <p class="kicker"><span class="brand">bridle</span>lab</p>
        <Navigation here={screen} />
      </header>
      <main id="main" tabIndex={-1} class={screen}>
        {screen === "home" && <Home settings={settings} />}
        {screen === "corners" && <Corners settings={settings} />}
        {screen === "descent" && <Descent settings={settings} />}
        {isLazy(screen) && <Lazy name={screen} title={title} settings={settings} />}
        {screen === "theory" && <TheoryPage />}
        {screen === "quiz" && <QuizPage />}
      </main>
      <Onward here={screen} />
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
