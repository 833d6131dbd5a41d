// Which column of a table is what, as src/bridle/lab/roles.py writes it: "t3.i0-2.c7", one way for each request.

export const ROLES = [
  { letter: "", label: "feature" },
  { letter: "t", label: "target" },
  { letter: "i", label: "left out" },
  { letter: "w", label: "weights" },
  { letter: "g", label: "groups" },
  { letter: "o", label: "order" },
  { letter: "s", label: "offset" },
] as const;
export const TYPES = [
  { letter: "", label: "as found" },
  { letter: "n", label: "number" },
  { letter: "c", label: "category" },
  { letter: "b", label: "true or false" },
  { letter: "d", label: "date" },
] as const;
const ORDER = "twgosincbd";
/** Roles that only one column can have. */
const SINGLE = "twgos";

export interface Roles {
  readonly role: ReadonlyMap<number, string>;
  readonly type: ReadonlyMap<number, string>;
}

export function parseRoles(text: string): Roles {
  const role = new Map<number, string>();
  const type = new Map<number, string>();
  for (const piece of text === "none" ? [] : text.split(".")) {
    const match = /^([twgosincbd])(\d{1,5})(?:-(\d{1,5}))?$/.exec(piece);
    if (!match) continue;
    const into = "ncbd".includes(match[1]) ? type : role;
    for (let j = Number(match[2]); j <= Number(match[3] ?? match[2]); j++) into.set(j, match[1]);
  }
  return { role, type };
}

export function rolesText({ role, type }: Roles): string {
  const out: string[] = [];
  for (const letter of ORDER) {
    const from = "ncbd".includes(letter) ? type : role;
    const columns = [...from].filter(([, l]) => l === letter).map(([j]) => j).sort((a, b) => a - b);
    for (let start = 0; start < columns.length; ) {
      let end = start;
      while (end + 1 < columns.length && columns[end + 1] === columns[end] + 1) end++;
      out.push(`${letter}${columns[start]}${end > start ? `-${columns[end]}` : ""}`);
      start = end + 1;
    }
  }
  return out.join(".") || "none";
}

/** The roles with one column's changed; what only one column can be, the others are no more. */
export function withRole(roles: Roles, column: number, letter: string): Roles {
  const role = new Map(roles.role);
  if (letter && SINGLE.includes(letter)) for (const [j, l] of role) if (l === letter) role.delete(j);
  if (letter) role.set(column, letter);
  else role.delete(column);
  return { role, type: roles.type };
}

export function withType(roles: Roles, column: number, letter: string): Roles {
  const type = new Map(roles.type);
  if (letter) type.set(column, letter);
  else type.delete(column);
  return { role: roles.role, type };
}

export function columnOf(roles: Roles, letter: string): number {
  for (const [j, l] of roles.role) if (l === letter) return j;
  return -1;
}
