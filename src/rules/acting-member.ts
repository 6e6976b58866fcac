/**
 * Who acts: the person or service that calls a method of a group account, and the member that acts as one. A call to
 * the account names the acting member beside its input, in a place that only these functions know.
 */

/** The caller of a method about a group, as its audit log names it. */
export interface Principal {
  did: string
  /** The client id of an app, or what else the caller used. */
  client?: string
  ip?: string
  userAgent?: string
  /** Why, in the caller's words. */
  reason?: string
}

/** A member whose role allowed the call when it arrived; the account checks in the write's turn that it still has it. */
export interface ActingMember extends Principal {
  role: string
  revision: number
  /** The id of the call: the same when it is repeated. */
  call: string
}

const FIELD = 'byMember'

type Actions = Record<string, Record<string, (...args: never[]) => unknown>>

/**
 * The actions of an account, each call of which names the member; but for the reads whose input is no object.
 */
export function asMember<A extends object>(account: A, member: ActingMember): A {
  const groups = account as unknown as Actions
  return new Proxy(account, {
    get: (_, group: string) =>
      new Proxy(groups[group] ?? {}, {
        get:
          (actions, name: string) =>
          (input: unknown = {}, ...rest: never[]) =>
            actions[name]!(named(input, member) as never, ...rest),
      }),
  })
}

function named(input: unknown, member: ActingMember): unknown {
  return typeof input === 'object' ? { ...input, [FIELD]: member } : input
}

/** The member that an action's input names, and the input without it. */
export function takeMember(input: unknown): [member: ActingMember | undefined, input: unknown] {
  if (typeof input !== 'object' || input === null || !(FIELD in input)) return [undefined, input]
  const { [FIELD]: member, ...rest } = input as Record<string, unknown>
  return [member as ActingMember, rest]
}
