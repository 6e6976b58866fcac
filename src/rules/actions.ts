/**
 * The actions of an actor, by group and name. Each is declared as a read, a write that may be repeated, or one that
 * must run once; an undeclared function does not type-check as an action.
 */
declare const kind: unique symbol

export type Read<F> = F & { readonly [kind]: 'read' }
/** Changes something; running it again with the same input changes nothing more and gives the same answer. */
export type Write<F> = F & { readonly [kind]: 'write' }
/** Must not run twice: the dispatch sends an idempotency key after its input. */
export type Once<F> = F & { readonly [kind]: 'once' }

/** Every repetition of a call carries the same key. */
export interface IdempotencyKey {
  id: string
  issuedAt: number
}

type Feature = (subject: never, ...args: never[]) => unknown
type Features = Record<string, Feature>
/** A feature that takes a key is declared with `once`: declared otherwise it would not get one. */
export type WithoutKey<F extends Features> = {
  [N in keyof F]: IdempotencyKey extends Parameters<F[N]>[2] ? never : F[N]
}

export type Actions = Record<string, Record<string, Read<Feature> | Write<Feature> | Once<Feature>>>

export type OnceNames<A extends Actions> = {
  [G in keyof A & string]: {
    [N in keyof A[G] & string]: A[G][N] extends Once<Feature> ? `${G}.${N}` : never
  }[keyof A[G] & string]
}[keyof A & string]

export function reads<F extends Features>(
  features: F & WithoutKey<F>,
): { [N in keyof F]: Read<F[N]> } {
  return features as unknown as { [N in keyof F]: Read<F[N]> }
}

export function writes<F extends Features>(
  features: F & WithoutKey<F>,
): { [N in keyof F]: Write<F[N]> } {
  return features as unknown as { [N in keyof F]: Write<F[N]> }
}
