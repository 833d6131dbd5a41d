// Formulas as MathML, from a small notation:  w_j^2  {a b}/{c}  √{x}  ‖w‖_1 ; names of more letters in "quotes".
import { h, type ComponentChild, type VNode } from "preact";

const tag = (name: string, ...children: ComponentChild[]): VNode => h(name as "span", null, ...children);

class Reader {
  private at = 0;
  private readonly tokens: string[];

  constructor(text: string) {
    this.tokens = text.match(/"[^"]*"|[0-9][0-9.,]*|[A-Za-zα-ωΑ-Ω]|[^\s]/gu) ?? [];
  }

  group(end?: string): VNode[] {
    const out: VNode[] = [];
    while (this.at < this.tokens.length && this.tokens[this.at] !== end) {
      if (this.tokens[this.at] === "/" && out.length) {
        this.at++;
        out.push(tag("mfrac", out.pop(), this.scripted()));
      } else out.push(this.scripted());
    }
    return out;
  }

  private scripted(): VNode {
    const base = this.atom();
    const under = this.take("_") ? this.atom() : null;
    const over = this.take("^") ? this.atom() : null;
    if (under && over) return tag("msubsup", base, under, over);
    if (under) return tag("msub", base, under);
    return over ? tag("msup", base, over) : base;
  }

  private atom(): VNode {
    const token = this.tokens[this.at++] ?? "";
    if (token === "{") {
      const inside = this.group("}");
      this.at++;
      return tag("mrow", ...inside);
    }
    if (token === "√") return tag("msqrt", this.atom());
    if (token.startsWith('"')) return tag("mtext", token.slice(1, -1).replace(/^ +| +$/g, (gap) => "\u00a0".repeat(gap.length)));
    if (/^[0-9]/.test(token)) return tag("mn", token);
    if (/^[A-Za-zα-ωΑ-Ω]$/u.test(token)) return tag("mi", token);
    if ("()|".includes(token)) return h("mo" as "span", { stretchy: "false", lspace: "0.06em", rspace: "0.06em" } as object, token);
    return tag("mo", token === "-" ? "−" : token);
  }

  private take(sign: string): boolean {
    if (this.tokens[this.at] !== sign) return false;
    this.at++;
    return true;
  }
}

/** A formula on its own line; `say` is how a person would read it aloud. */
export function Formula({ of, say }: { of: string; say: string }) {
  const lines = of.split("\n").map((line) => h("mrow" as "span", null, ...new Reader(line).group()));
  return (
    <div class="th-formula">
      {lines.map((line, k) =>
        h("math" as "span", { display: "block", ...(k ? {} : { alttext: say }), xmlns: "http://www.w3.org/1998/Math/MathML" } as object, line),
      )}
      <p class="th-say">{say}</p>
    </div>
  );
}

/** A formula inside a sentence. */
export function M({ of }: { of: string }) {
  return h("math" as "span", { xmlns: "http://www.w3.org/1998/Math/MathML" } as object, ...new Reader(of).group());
}
