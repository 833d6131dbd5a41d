// Your data: a table of the person's own, from its columns to a model that can be defended.

import type { JSX } from "preact";
import { useEffect, useMemo, useState } from "preact/hooks";
import { useFacts } from "../ground/facts";
import { plural } from "../ground/format";
import { useLesson, type Lesson } from "../ground/hooks";
import { lessonKey } from "../ground/load";
import { Button, Headline, Waiting } from "../ground/parts";
import type { Settings } from "../ground/state";
import { Opener, Privacy, size } from "./yours-open";
import { AUTO, FamilyChoice } from "./yours-family";
import { ColumnList, FirstRows, readColumns, Remarks, TargetChoice, type Columns } from "./yours-columns";
import { Model } from "./yours-model";
import { columnOf, parseRoles } from "./yours-roles";
import { Working } from "./yours-working";

export function Yours({ settings }: { settings: Settings }): JSX.Element {
  if (window.bridleStatic)
    return (
      <>
        <Headline>Your data</Headline>
        <div class="alert">
          <p>A table of your own takes bridle itself, on your computer: this folder holds only what was computed when it was written. Where bridle is installed, run</p>
          <pre>bridle lab TABLE</pre>
          <p>with the name of a CSV, Parquet, Arrow or JSON-lines file, or <code>bridle lab</code> and drop the file on this page.</p>
        </div>
      </>
    );
  return settings.table === undefined ? <Empty /> : <Opened key={settings.table} id={settings.table} settings={settings} />;
}

function Empty(): JSX.Element {
  useFacts(() => ({ screen: "yours", key: null, busy: false }));
  return (
    <>
      <Headline>Your data</Headline>
      <p class="sentence">What would a penalty do to a table of yours? Choose the column to predict, and see which others matter, how strong the penalty should be, and how good the result is on
        rows that it has never seen.</p>
      <Opener current={undefined} brief={false} />
      <Privacy />
      <p class="small">From the command line: <code>bridle lab TABLE</code>. For something to try, <code>bridle example diabetes &gt; diabetes.csv</code> writes a table.</p>
    </>
  );
}

function Opened({ id, settings }: { id: string; settings: Settings }): JSX.Element {
  const asked = settings.roles ?? "none";
  const [stopped, setStopped] = useState("");
  const key = lessonKey("yours-columns", { roles: asked, table: id });
  if (stopped === key)
    return (
      <>
        <Headline>Your data</Headline>
        <p class="sentence">Stopped: the table was not read to its end.</p>
        <p class="row"><Button onClick={() => setStopped("")}>Read it</Button></p>
        <Opener current={id} brief />
      </>
    );
  return <Read columnsKey={key} id={id} asked={asked} settings={settings} onStop={() => setStopped(key)} />;
}

function Read({ columnsKey, id, asked, settings, onStop }: { columnsKey: string; id: string; asked: string; settings: Settings; onStop: () => void }): JSX.Element {
  const lesson = useLesson(columnsKey);
  const d = useMemo(() => lesson.payload && readColumns(lesson.payload), [lesson.payload]);
  if (!d)
    return (
      <>
        <Headline>Your data</Headline>
        <Waiting lesson={lesson} />
        <Working lesson={lesson} onStop={onStop} />
        {lesson.error && <Opener current={id} brief={false} />}
        <Facts lesson={lesson} />
      </>
    );
  return <Table d={d} lesson={lesson} id={id} asked={asked} settings={settings} onStop={onStop} />;
}

function Facts({ lesson }: { lesson: Lesson }): null {
  useFacts(() => ({ screen: "yours", key: null, busy: lesson.busy, error: lesson.error?.message ?? null }));
  return null;
}

function Table({ d, lesson, id, asked, settings, onStop }: { d: Columns; lesson: Lesson; id: string; asked: string; settings: Settings; onStop: () => void }): JSX.Element {
  const roles = parseRoles(asked);
  const target = columnOf(roles, "t");
  const family = settings.family ?? AUTO;
  const offset = d.names[columnOf(roles, "s")];
  const chosen = target >= 0 && target < d.names.length;
  const fits = chosen && !d.problem && !lesson.error;
  const [open, setOpen] = useState(!chosen);
  useEffect(() => setOpen(!chosen), [chosen]);
  useFacts(() => ({
    title: d.title, rows: d.rows, names: d.names, roles: d.roles, kinds: d.kinds, missing: [...d.missing], problem: d.problem, notes: d.notes.map((n) => n.text), asked,
    family, families: (d.payload.families as unknown as readonly { readonly name: string }[]).map((one) => one.name), key: d.payload.key, busy: lesson.busy,
  }), "columns");
  return (
    <>
      <Headline>Your data</Headline>
      <p class="about"><strong>{d.title}</strong>{` · ${size(d.payload.bytes as number)} · ${d.rows.toLocaleString("en")} ${d.rows === 1 ? "row" : "rows"} · ${plural(d.names.length, "column")} · nothing leaves this computer`}</p>
      <div class="asked">
        <TargetChoice d={d} asked={asked} />
        {chosen && <FamilyChoice payload={d.payload} family={family} offset={offset} />}
      </div>
      {lesson.error && <p class="alert" role="alert">{lesson.error.message}</p>}
      {d.problem && <p class="alert" role="alert">{d.problem}</p>}
      <Working lesson={lesson} onStop={onStop} />
      {!chosen && <Remarks notes={d.notes} more={d.more} most={6} title="What is worth knowing of the columns" />}
      <div class="beside">
        <ColumnList d={d} asked={asked} open={open} onToggle={setOpen} />
        <FirstRows d={d} />
      </div>
      {fits && <Model id={id} asked={asked} family={family} settings={settings} waits={lesson.busy} />}
      {!fits && <Idle />}
      <section class="part">
        <h2>Another table</h2>
        <Opener current={id} brief />
        <Privacy />
      </section>
    </>
  );
}

function Idle(): null {
  useFacts(() => ({ screen: "yours", key: null, busy: false }));
  return null;
}
