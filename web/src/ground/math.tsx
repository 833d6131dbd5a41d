// Formulas as MathML: <Formula label="..."> with small helpers; no library.

import type { ComponentChildren, JSX } from "preact";

type Children = { children?: ComponentChildren };

export const I = ({ children }: Children): JSX.Element => <mi>{children}</mi>;
export const N = ({ children }: Children): JSX.Element => <mn>{children}</mn>;
export const O = ({ children }: Children): JSX.Element => <mo>{children}</mo>;
export const Row = ({ children }: Children): JSX.Element => <mrow>{children}</mrow>;
export const Sub = ({ of, at }: { of: ComponentChildren; at: ComponentChildren }): JSX.Element => <msub><mrow>{of}</mrow><mrow>{at}</mrow></msub>;
export const Sup = ({ of, to }: { of: ComponentChildren; to: ComponentChildren }): JSX.Element => <msup><mrow>{of}</mrow><mrow>{to}</mrow></msup>;
export const Frac = ({ top, under }: { top: ComponentChildren; under: ComponentChildren }): JSX.Element => <mfrac><mrow>{top}</mrow><mrow>{under}</mrow></mfrac>;
export const Abs = ({ children }: Children): JSX.Element => <mrow><mo>|</mo>{children}<mo>|</mo></mrow>;
export const Sum = ({ over }: { over?: ComponentChildren }): JSX.Element => (over ? <munder><mo>∑</mo><mrow>{over}</mrow></munder> : <mo>∑</mo>);

/** A formula on its own line; `label` is said where MathML is not read. */
export function Formula({ label, children }: { label: string; children: ComponentChildren }): JSX.Element {
  return <math display="block" class="formula" aria-label={label}>{children}</math>;
}

/** A long formula in pieces, which break onto lines of their own where there is no room. */
export function Formulas({ label, children }: { label: string; children: ComponentChildren[] }): JSX.Element {
  return (
    <div class="formulas" role="math" aria-label={label}>
      {children.map((piece, n) => <math key={n} class="formula">{piece}</math>)}
    </div>
  );
}

export function Inline({ children }: Children): JSX.Element {
  return <math>{children}</math>;
}
