/** Interrupted changes of who is in a group: an invitation that is accepted, and an ownership that changes hands. */
import { expect } from 'vitest'
import {
  type Answer,
  auditEntries,
  createTestGroup,
  failed,
  groupClient,
  ok,
} from '#tests/support/group-client.ts'
import type { Interrupted } from '#tests/support/interrupted.ts'
import type { TestAccount, TestServer } from '#tests/support/server.ts'
import { firstArrivals, type WebhookReceiver } from '#tests/support/webhook-receiver.ts'

type Server = Pick<TestServer, 'url'>

const WAIT = { timeout: 60_000 }
const collection = 'com.example.recipe'

/** Undefined if the server was killed. */
const unlessKilled = (answer: Promise<Answer>) => answer.catch(() => undefined)

async function countAudit(server: Server, owner: TestAccount, group: string, action: string) {
  const entries = await auditEntries(server, owner, group)
  return entries.filter((entry) => entry.action === action).length
}

/** Expects that the audit log names every member of a group. */
export async function expectAuditedMembers(
  server: Server,
  owner: TestAccount,
  group: string,
): Promise<void> {
  const query = { account: group }
  const { members } = ok(await groupClient(server).ask(owner, 'listMembers', undefined, query))
  const entries = await auditEntries(server, owner, group)
  const named = entries.flatMap(({ action, actor, target }) =>
    action === 'group created' ? [actor] : [target],
  )
  const dids = (members as { did: string }[]).map(({ did }) => did)
  expect(dids.filter((did) => !named.includes(did))).toEqual([])
  expect(dids).toEqual([...new Set(dids)])
}

/** Eddie joins Olga's group in each round, and is removed at its end. */
export async function interruptedJoining(
  server: Server,
  { olga, eddie, receiver }: { olga: TestAccount; eddie: TestAccount; receiver: WebhookReceiver },
): Promise<Interrupted> {
  const { ask, actAs } = groupClient(server)
  const { did: account } = await createTestGroup(server, olga, 'joined')
  let joined = 0
  let written = 0
  let token: string
  let answer: Answer | undefined
  const accept = () => ask(eddie, 'acceptInvite', { account, token })
  const audited = () => countAudit(server, olga, account, 'member joined')
  return {
    links: ['engine'],
    async prepare() {
      const invite = { account, role: 'editor', uses: 1 }
      token = ok(await ask(olga, 'createInvite', invite))['token'] as string
    },
    async run() {
      answer = await unlessKilled(accept())
    },
    async complete() {
      const { status } = await ask(eddie, 'getMe', undefined, { account })
      expect([200, 403]).toContain(status)
      const isMember = status === 200
      if (answer?.status === 200) expect(isMember).toBe(true)
      expect(await audited()).toBe(joined + (isMember ? 1 : 0))
      const again = await accept()
      if (isMember) expect(again).toMatchObject(failed(400, 'InviteUsed'))
      else expect(ok(again)).toEqual({ status: 'joined', role: 'editor' })
      joined++
      expect(await audited()).toBe(joined)
      await expectAuditedMembers(server, olga, account)
      const input = { repo: account, collection, record: { name: 'soup' } }
      ok(await actAs(eddie, account, 'com.atproto.repo.createRecord', { input }))
      written++
      const isListed = async () => {
        const { groups } = ok(await ask(eddie, 'list')) as { groups: { did: string }[] }
        return groups.filter(({ did }) => did === account).length
      }
      await expect.poll(isListed, WAIT).toBe(1)
      ok(await ask(olga, 'removeMember', { account, did: eddie.did }))
    },
    async finish() {
      expect(await countAudit(server, olga, account, 'repo.createRecord')).toBe(written)
      const added = () =>
        firstArrivals(receiver, 'group.member_added').filter(
          ({ data }) => data.did === account && data.member === eddie.did,
        ).length
      await expect.poll(added, WAIT).toBe(joined)
    },
  }
}

/** In each round the owner offers the group to the other, who accepts. */
export async function interruptedTransfer(
  server: Server,
  { olga, eddie }: { olga: TestAccount; eddie: TestAccount },
): Promise<Interrupted> {
  const { ask } = groupClient(server)
  const { did: account } = await createTestGroup(server, olga, 'handed-over')
  let from = olga
  let to = eddie
  let transfers = 0
  const answers: { offer?: Answer | undefined; accept?: Answer | undefined } = {}
  const offer = () => ask(from, 'offerOwnership', { account, to: to.did })
  const accept = () => ask(to, 'acceptOwnership', { account })
  const roleOf = async (who: TestAccount) =>
    (await ask(who, 'getMe', undefined, { account })).body['role']
  const audited = (action: string) => countAudit(server, olga, account, action)
  return {
    links: ['engine'],
    async prepare() {},
    async run() {
      answers.accept = undefined
      answers.offer = await unlessKilled(offer())
      if (answers.offer !== undefined) answers.accept = await unlessKilled(accept())
    },
    async complete() {
      const isAccepted = (await roleOf(to)) === 'owner'
      expect(await roleOf(from)).toBe(isAccepted ? 'admin' : 'owner')
      if (answers.accept?.status === 200) expect(isAccepted).toBe(true)
      expect(await audited('ownership accepted')).toBe(transfers + (isAccepted ? 1 : 0))
      if (!isAccepted) {
        const { invites } = ok(await ask(from, 'listInvites', undefined, { account })) as {
          invites: { kind: string; for?: string }[]
        }
        const offers = invites.filter(({ kind }) => kind === 'transfer')
        if (answers.offer?.status === 200) expect(offers).toHaveLength(1)
        expect(await audited('ownership offered')).toBe(transfers + offers.length)
        if (offers.length === 0) ok(await offer())
        ok(await accept())
      }
      expect(await accept()).toMatchObject(failed(400, 'TransferExpired'))
      transfers++
      expect([await roleOf(from), await roleOf(to)]).toEqual(['admin', 'owner'])
      for (const action of ['ownership offered', 'ownership accepted']) {
        expect(await audited(action)).toBe(transfers)
      }
      ;[from, to] = [to, from]
    },
    async finish() {
      await expectAuditedMembers(server, olga, account)
    },
  }
}
