/** Who is a member of a group, as the group says; kept until a membership of the group changes, which `forget` is called for. */
import type { Dispatch } from '#src/engine/dispatch.ts'
import { forbidden, XrpcError } from '#src/errors.ts'
import { BoundedMap } from '#src/ports/bounded-map.ts'
import type { Clock } from '#src/ports/clock.ts'

interface GroupMembersPorts {
  dispatch: Pick<Dispatch, 'account' | 'directory'>
  clock: Clock
}

/** Groups; each has a bounded number of members. */
const MAX_CACHED = 1_000

export class GroupMembers {
  readonly #ports: GroupMembersPorts
  /** By group and member: the end of the membership, in ms since 1970. */
  #known = new BoundedMap<string, Map<string, number>>(MAX_CACHED)
  #changes = 0

  constructor(ports: GroupMembersPorts) {
    this.#ports = ports
  }

  /** Resolves with the end of the membership, if it has one. Throws 403 NotAllowed. */
  async mustBeMember(
    group: string,
    member: string,
    network: string | undefined,
  ): Promise<number | undefined> {
    const now = this.#ports.clock.now()
    const known = this.#known.get(group)?.get(member)
    const end = known !== undefined && known > now ? known : await this.#ask(group, member, network)
    return Number.isFinite(end) ? end : undefined
  }

  /** One member, or all. */
  forget(group: string, member?: string): void {
    this.#changes += 1
    if (member === undefined) this.#known.delete(group)
    else this.#known.get(group)?.delete(member)
  }

  clear(): void {
    this.#changes += 1
    this.#known.clear()
  }

  async #ask(group: string, member: string, network: string | undefined): Promise<number> {
    const changes = this.#changes
    const { dispatch } = this.#ports
    // A caller that is not a member must not wake a sleeping group.
    const listed = await dispatch.directory.memberships.find({ account: group, member })
    if (listed === null) throw notAllowed()
    const { expiresAt } = await dispatch
      .account(group, network)
      .group.authorize({ member })
      .catch((error: unknown) => {
        throw error instanceof XrpcError && error.status < 500 ? notAllowed() : error
      })
    const end = expiresAt === undefined ? Number.POSITIVE_INFINITY : Date.parse(expiresAt)
    if (changes === this.#changes) this.#keep(group, member, end)
    return end
  }

  #keep(group: string, member: string, end: number): void {
    const known = this.#known.get(group) ?? new Map<string, number>()
    this.#known.set(group, known.set(member, end))
  }
}

export function notAllowed(): XrpcError {
  return forbidden('The caller may not join the channel', 'NotAllowed')
}
