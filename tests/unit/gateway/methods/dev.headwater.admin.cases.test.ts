/** Moderation cases at the gateway: reports that accounts make, and the methods of the operator and the moderation service. */
import { describe, expect, it } from 'vitest'
import { directoryActions } from '#actors/actions/directory.ts'
import { createReport as accountReport } from '#src/gateway/methods/com.atproto.moderation.ts'
import { BackgroundTasks } from '#src/gateway/workflows/background-tasks.ts'
import { asAdmin, did, get, openGateway, post } from '#tests/support/gateway.ts'
import { create, withTenant } from '#tests/support/tenant-directory.ts'

const bob = 'did:plc:bob'
const spam = 'com.atproto.moderation.defs#reasonSpam'
const repoRef = { $type: 'com.atproto.admin.defs#repoRef', did: bob }
const cid = 'bafyreidfayvfuwqa7qlnopdjiqrxzs6blmoeu4rujcjtnci5beludirz2a'
const strongRef = { $type: 'com.atproto.repo.strongRef', uri: `at://${bob}/a.b.c/d`, cid }
const method = (name: string) => `dev.headwater.admin.${name}`

async function openDirectory() {
  const directory = await withTenant()
  await create(directory, 'bob')
  const { accounts, moderationCases, webhookOwners } = directoryActions
  const bound = (actions: object) =>
    Object.fromEntries(
      Object.entries(actions as Record<string, (...args: unknown[]) => unknown>).map(
        ([name, run]) => [name, async (input: unknown) => run(directory, input)],
      ),
    )
  const actions = {
    accounts: bound(accounts),
    moderationCases: bound(moderationCases),
    webhookOwners: bound(webhookOwners),
  }
  const kept = () =>
    directory.sql.all<object>('SELECT case_n, actor, what, text, cid FROM moderation_entry')
  return { directory, actions, kept }
}

describe('a report of an account', () => {
  async function report(
    subject: object,
    { header = '', takesReports = false, call = async (): Promise<unknown> => ({ id: 7 }) } = {},
  ) {
    const { actions, kept } = await openDirectory()
    const failed: unknown[] = []
    const backgroundTasks = new BackgroundTasks((error) => failed.push(error))
    const findTarget = async () => ({ url: 'https://mod.example', did: 'did:web:mod.example' })
    const server = {
      services: { findTarget, call, takesReports },
      ...{ dispatch: { directory: actions }, backgroundTasks, service: { did: 'did:web:pds' } },
    }
    const headers = header === '' ? {} : { 'atproto-proxy': header }
    const request = new Request('https://pds.example/', { headers })
    const input = { reasonType: spam, reason: 'ads', subject }
    const result = accountReport.run({ did, input, request, server })
    const answer = await result.then(
      (output) => JSON.parse((output as { json: string }).json),
      (error: { error?: string }) => error.error ?? 'failed',
    )
    await backgroundTasks.settled()
    expect(failed).toEqual([])
    return { answer, kept: await kept() }
  }
  const about = { case_n: 1, actor: did, what: spam, text: 'ads' }

  it('is kept when the service has taken it, and its answer is passed on', async () => {
    const ofAccount = await report(repoRef)
    expect(ofAccount).toEqual({ answer: { id: 7 }, kept: [{ ...about, cid: null }] })
    const ofRecord = await report(strongRef, {
      takesReports: true,
      header: 'did:web:m#atproto_labeler',
    })
    expect(ofRecord).toEqual({ answer: { id: 7 }, kept: [{ ...about, cid }] })
  })

  it.each([
    ['an account elsewhere', { ...repoRef, did: 'did:plc:elsewhere' }],
    ['a record elsewhere', { ...strongRef, uri: 'at://elsewhere.example/a.b.c/d' }],
    ['a message', { $type: 'chat.bsky.convo.defs#messageRef', did: bob, messageId: '1' }],
  ])('is passed on and not kept if it is about %s', async (_, subject) => {
    expect(await report(subject)).toEqual({ answer: { id: 7 }, kept: [] })
  })

  it('is not kept if the service has refused it', async () => {
    const call = () => Promise.reject(new Error('refused'))
    expect(await report(repoRef, { call })).toEqual({ answer: 'failed', kept: [] })
  })

  it('stays here with PDS_LOCAL_REPORTS_ENABLED, and then it must be about an account here', async () => {
    const call = () => Promise.reject(new Error('no service'))
    const here = await report(repoRef, { takesReports: true, call })
    expect(here).toEqual({
      answer: {
        ...{ id: 1, reasonType: spam, reason: 'ads', subject: repoRef, reportedBy: did },
        createdAt: expect.stringMatching(/^2\d{3}-/),
      },
      kept: [{ ...about, cid: null }],
    })
    const elsewhere = { ...repoRef, did: 'did:plc:elsewhere' }
    expect(await report(elsewhere, { takesReports: true, call })).toEqual({
      ...{ answer: 'SubjectNotFound', kept: [] },
    })
  })
})

describe('the methods of the operator', () => {
  async function open() {
    const { actions } = await openDirectory()
    const account = {
      moderation: {
        getState: () => ({ status: 'active', takedownRef: null, deactivatedAt: null }),
        getRecordStatus: ({ rkey }: { rkey: string }) =>
          rkey === 'd' ? { cid, takedownRef: null } : null,
      },
      blob: { getTakedown: () => null },
    }
    const gateway = openGateway({ account, directory: actions as never })
    const call = async (name: string, input: object) =>
      (await post(gateway, method(name), input, asAdmin())).json() as Promise<{
        case: { id: number }
        error?: string
      }>
    return { gateway, call }
  }

  it('a report is entered, listed, worked on and closed', async () => {
    const { gateway, call } = await open()
    const input = {
      did: bob,
      reasonType: spam,
      reason: 'by mail',
      reportedBy: 'did:web:reader.example',
    }
    expect(await call('createReport', input)).toMatchObject({
      case: { id: 1, did: bob, handle: 'bob.test', tenant: 'roomy', state: 'open', reporters: 1 },
    })
    expect(await call('createReport', { uri: strongRef.uri, reasonType: spam })).toMatchObject({
      case: { id: 2, uri: strongRef.uri },
    })
    await call('updateCase', { id: 1, note: 'seen' })
    const closed = await call('updateCase', { id: 1, state: 'closed', decision: 'warning' })
    expect(closed).toMatchObject({ case: { state: 'closed', decision: 'warning' } })
    const list = await get(gateway, `${method('listCases')}?state=unresolved`, asAdmin())
    expect(await list.json()).toMatchObject({ cases: [{ id: 2 }] })
    const one = await get(gateway, `${method('getCase')}?id=1`, asAdmin())
    expect(await one.json()).toMatchObject({
      case: { id: 1 },
      entries: [
        { kind: 'closed', decision: 'warning', by: 'admin password' },
        { kind: 'note', text: 'seen', by: 'admin password' },
        { kind: 'report', reasonType: spam, text: 'by mail', by: 'did:web:reader.example' },
      ],
    })
  })

  it('what is not here, and what changes nothing, is refused', async () => {
    const { call } = await open()
    for (const [name, input, error] of [
      ['createReport', { did: 'did:plc:elsewhere', reasonType: spam }, 'SubjectNotFound'],
      ['createReport', { uri: `at://${bob}/a.b.c/gone`, reasonType: spam }, 'SubjectNotFound'],
      ['createReport', { did: bob, blob: cid, reasonType: spam }, 'SubjectNotFound'],
      ['createReport', { reasonType: spam }, 'InvalidRequest'],
      ['updateCase', { id: 9, note: 'x' }, 'CaseNotFound'],
      ['updateCase', { id: 9 }, 'InvalidRequest'],
    ] as const) {
      expect([name, (await call(name, input)).error]).toEqual([name, error])
    }
  })

  it('only the admin and the moderation service may call them', async () => {
    const { gateway } = await open()
    for (const name of ['createReport', 'updateCase']) {
      const refused = await post(gateway, method(name), { id: 1, reasonType: spam })
      expect(refused.status).toBe(401)
    }
    for (const name of ['listCases', 'getCase?id=1']) {
      expect((await get(gateway, method(name))).status).toBe(401)
    }
  })
})
