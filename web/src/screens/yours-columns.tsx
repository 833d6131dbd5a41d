// The columns of a table: what they hold, what each is used as, and what is worth knowing before anything is fitted.

import type { JSX } from "preact";
import { useMemo, useState } from "preact/hooks";
import { plural } from "../ground/format";
import { Button, Select } from "../ground/parts";
import { update } from "../ground/state";
import { scalar, strings, text, vector, type Payload } from "../ground/wire";
import { columnOf, parseRoles, ROLES, rolesText, TYPES, withRole, withType, type Roles } from "./yours-roles";

export interface Remark {
  readonly kind: string;
  readonly column: string;
  readonly text: string;
  readonly warning: boolean;
}

export function remarks(payload: Payload): readonly Remark[] {
  return payload.notes as unknown as readonly Remark[];
}

export function readColumns(payload: Payload) {
  return {
    payload,
    names: strings(payload, "names"),
    roles: strings(payload, "roles"),
    kinds: strings(payload, "kinds"),
    details: strings(payload, "details"),
    seen: strings(payload, "seen"),
    missing: vector(payload, "missing"),
    head: payload.head as unknown as readonly (readonly string[])[],
    notes: remarks(payload),
    more: scalar(payload, "n_notes") - remarks(payload).length,
    rows: scalar(payload, "n_rows"),
    problem: text(payload, "problem"),
    title: text(payload, "title"),
  };
}
export type Columns = ReturnType<typeof readColumns>;

const PAGE = 20;
const KINDS: { readonly [kind: string]: string } = { numeric: "number", classes: "two classes", categorical: "category", boolean: "true or false", date: "date" };

/** Another target asks for a family of its own. */
const set = (roles: Roles, before: Roles): void =>
  update({ roles: rolesText(roles), ...(columnOf(roles, "t") === columnOf(before, "t") && roles.type.get(columnOf(roles, "t")) === before.type.get(columnOf(before, "t")) ? {} : { family: null }), k: null, pick: null, guess: null, i: null, j: null });

/** The one question that has to be answered. */
export function TargetChoice({ d, asked }: { d: Columns; asked: string }): JSX.Element {
  const roles = parseRoles(asked);
  const target = columnOf(roles, "t");
  const options = useMemo(() => [{ value: "-1", label: "choose a column …" }, ...d.names.map((name, j) => ({ value: String(j), label: name }))], [d.names]);
  return (
    <div class="target">
      <Select label="Which column is to be predicted?" value={String(target)} options={options}
        onChange={(v) => set(Number(v) < 0 ? withRole(roles, target, "") : withRole(roles, Number(v), "t"), roles)} />
    </div>
  );
}

export function ColumnList({ d, asked, open, onToggle }: { d: Columns; asked: string; open: boolean; onToggle: (open: boolean) => void }): JSX.Element {
  const roles = parseRoles(asked);
  const [page, setPage] = useState(0);
  const pages = Math.max(1, Math.ceil(d.names.length / PAGE));
  const here = Math.min(page, pages - 1);
  const shown = d.names.map((_, j) => j).slice(here * PAGE, (here + 1) * PAGE);
  const out = d.roles.filter((role) => role === "ignored").length;
  return (
    <details class="columns" open={open} onToggle={(e) => onToggle(e.currentTarget.open)}>
      <summary>{`${plural(d.names.length, "column")}${out ? `, ${out} left out` : ""}: what each is used as`}</summary>
      {open && (
        <>
          <ul aria-label="Columns">
            {shown.map((j) => {
              const role = roles.role.get(j) ?? "";
              const name = d.names[j];
              const found = d.roles[j] === "ignored" && role === "" ? "left out" : KINDS[d.kinds[j]] ?? "";
              const typed = role === "" || role === "t";
              return (
                <li key={j}>
                  <span class="column-name"><strong>{name}</strong>
                    <span class="small">{d.seen[j]}{d.missing[j] > 0 ? `, ${d.missing[j].toLocaleString("en")} missing` : ""}{found && typed ? ` → ${found}` : ""}</span>
                  </span>
                  <select aria-label={`${name}: used as`} value={role} onChange={(e) => set(withRole(roles, j, e.currentTarget.value), roles)}>
                    {ROLES.map(({ letter, label }) => <option key={letter} value={letter} selected={letter === role}>{label}</option>)}
                  </select>
                  {typed ? (
                    <select aria-label={`${name}: read as`} value={roles.type.get(j) ?? ""} onChange={(e) => set(withType(roles, j, e.currentTarget.value), roles)}>
                      {TYPES.map(({ letter, label }) => <option key={letter} value={letter} selected={letter === (roles.type.get(j) ?? "")}>{label}</option>)}
                    </select>
                  ) : <span />}
                </li>
              );
            })}
          </ul>
          {pages > 1 && (
            <p class="row">
              <Button disabled={here === 0} onClick={() => setPage(here - 1)}>Previous columns</Button>
              <Button disabled={here === pages - 1} onClick={() => setPage(here + 1)}>Next columns</Button>
              <span>{`Columns ${here * PAGE + 1} to ${Math.min(d.names.length, (here + 1) * PAGE)} of ${d.names.length.toLocaleString("en")}`}</span>
            </p>
          )}
        </>
      )}
    </details>
  );
}

export function Remarks({ notes, more, most, title }: { notes: readonly Remark[]; more: number; most: number; title: string }): JSX.Element | null {
  const [all, setAll] = useState(false);
  if (notes.length === 0) return null;
  const warnings = notes.filter((note) => note.warning);
  // What gives the target away is seen in any case: it makes all that follows too good to be true. So is why this family.
  const first = most > 0 ? (warnings.length ? warnings : notes).slice(0, most) : notes.filter((note) => note.kind === "giveaway" || note.kind === "family").slice(0, 3);
  const shown = all ? notes : first;
  const left = notes.length + more - shown.length;
  const hidden = warnings.length - shown.filter((note) => note.warning).length;
  const label = hidden > 0 ? `Show ${plural(hidden, "warning")}${left > hidden ? ` and ${plural(left - hidden, "remark")}` : ""}` : `Show ${plural(left, "remark")}`;
  return (
    <section class="remarks" aria-label={title}>
      <ul>
        {shown.map((note, n) => <li key={n} class={note.warning ? "warning" : undefined}>{note.warning && <strong>Warning: </strong>}{note.text}</li>)}
      </ul>
      {all && more > 0 && <p class="small">{`And ${more.toLocaleString("en")} more.`}</p>}
      {!all && left > 0 && <Button quiet onClick={() => setAll(true)}>{label}</Button>}
    </section>
  );
}

/** The first rows, in a box of its own that may scroll. */
export function FirstRows({ d }: { d: Columns }): JSX.Element {
  const [open, setOpen] = useState(false);
  const columns = d.names.slice(0, 60);
  const count = d.head[0]?.length ?? 0;
  return (
    <details class="table" onToggle={(e) => setOpen(e.currentTarget.open)}>
      <summary>{`The first ${plural(count, "row")}`}</summary>
      {open && (
        <div class="scrolls" role="region" aria-label="The first rows" tabIndex={0}>
          <table>
            <caption class="aside-voice">The first rows</caption>
            <thead><tr><th scope="col">row</th>{columns.map((name, j) => <th key={j} scope="col">{name}</th>)}</tr></thead>
            <tbody>
              {Array.from({ length: count }, (_, n) => (
                <tr key={n}><th scope="row">{n + 1}</th>{columns.map((_, j) => <td key={j}>{d.head[j][n] === "" ? <em>missing</em> : d.head[j][n]}</td>)}</tr>
              ))}
            </tbody>
          </table>
          {d.names.length > columns.length && <p class="small">{`And ${(d.names.length - columns.length).toLocaleString("en")} more columns.`}</p>}
        </div>
      )}
    </details>
  );
}
