// The three methods that screens set side by side, in the order in which their lessons hold them.

import type { JSX } from "preact";

export const METHODS = [
  { id: "ridge", l1: "0", name: "ridge", short: "ridge" },
  { id: "elastic net", l1: "0.5", name: "the elastic net", short: "elastic net" },
  { id: "lasso", l1: "1", name: "the lasso", short: "lasso" },
] as const;

/** The method of a setting; the lasso unless another one is named. */
export function methodOf(l1: string | undefined): number {
  const at = METHODS.findIndex((method) => method.l1 === l1);
  return at < 0 ? METHODS.length - 1 : at;
}

/** The stop of a setting, within what there is. */
export function stopAt(setting: string | undefined, count: number, otherwise: number): number {
  const k = setting === undefined ? NaN : Number(setting);
  return Number.isInteger(k) ? Math.min(count - 1, Math.max(0, k)) : otherwise;
}

export interface SideRow {
  readonly name: string;
  readonly cells: readonly string[];
  readonly picked?: boolean;
}

/** A small table that is always open: one row for each method. */
export function Side({ caption, columns, rows }: { caption: string; columns: readonly string[]; rows: readonly SideRow[] }): JSX.Element {
  return (
    <table class="side">
      <caption>{caption}</caption>
      <thead>
        <tr><th scope="col"><span class="aside-voice">method</span></th>{columns.map((name) => <th key={name} scope="col" class="n">{name}</th>)}</tr>
      </thead>
      <tbody>
        {rows.map(({ name, cells, picked }) => (
          <tr key={name} class={picked ? "picked" : undefined} aria-current={picked ? "true" : undefined}>
            <th scope="row">{name}</th>{cells.map((cell, c) => <td key={c} class="n">{cell}</td>)}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
