/** com.atproto.admin at the gateway: who may call, which account is called, and with what. */
import { describe, expect, test } from 'vitest'
import {
  type Actors,
  asAdmin,
  did,
  get,
  handle,
  moderationServiceDid,
  openGateway,
  outcome,
  post,
} from '#tests/support/gateway.ts'

const admin = (name: string) => `com.atproto.admin.${name}`
const getStatus = admin('getSubjectStatus')
const updateStatus = admin('updateSubjectStatus')
const cid = 'bafkreiccldh766hwcnuxnf2wh6jgzepf2nlu2lvcllt63eww5p6chi4ity'
const uri = `at://${did}/com.example.thing/one`
const repoRef = { $type: 'com.atproto.admin.defs#repoRef', did }
const strongRef = { $type: 'com.atproto.repo.strongRef', uri, cid }
const blobRef = { $type: 'com.atproto.admin.defs#repoBlobRef', did, cid }

const state = {
  status: 'active',
  takedownRef: null as string | null,
  deactivatedAt: null as string | null,
  emailConfirmedAt: null,
}

const account: NonNullable<Actors['account']> = {
  moderation: {
    getState: () => state,
    getRecordStatus: () => ({ cid, takedownRef: 'case 1' }),
    setRecordTakedown: () => undefined,
  },
  blob: { getTakedown: () => ({ takedownRef: null }), setTakedown: () => undefined },
  lifecycle: { changeState: () => ({ status: 'active' }) },
  email: { set: () => undefined },
  password: { set: () => undefined },
}

const alice = {
  did,
  handle,
  email: 'alice@example.com',
  status: 'active',
  createdAt: '2026-01-01T00:00:00.000Z',
}

const directory: NonNullable<Actors['directory']> = {
  accounts: {
    getInfos: ({ dids }: { dids: string[] }) => (dids.includes(did) ? [alice] : []),
    search: () => ({ accounts: [alice], cursor: '1::did:plc:a' }),
  },
  invites: {
    byAccount: () => ({ [did]: { invites: [], invitesDisabled: true } }),
    list: () => ({ codes: [] }),
    disable: () => undefined,
    setDisabled: () => undefined,
  },
}

function gateway(overrides: Parameters<typeof openGateway>[1] = {}, actors: Actors = {}) {
  return openGateway({ account: { ...account, ...actors.account }, directory }, overrides)
}

describe('updateSubjectStatus', () => {
  const update = (body: object, g = gateway()) => post(g, updateStatus, body, asAdmin())
  const takedown = { applied: true, ref: 'case 1' }
  const called = async (body: object) => {
    const g = gateway()
    expect((await update(body, g)).status).toBe(200)
    return g.calls.filter(([action]) => !action.startsWith('accounts.'))
  }

  test('updateSubjectStatus takes an account down, and reverses the takedown', async () => {
    expect(await called({ subject: repoRef, takedown })).toEqual([
      ['lifecycle.changeState', { takedownRef: 'case 1' }],
    ])
    expect(await called({ subject: repoRef, takedown: { applied: false } })).toEqual([
      ['lifecycle.changeState', { takedownRef: null }],
    ])
  })

  test('updateSubjectStatus stores a default ref if none is given', async () => {
    const [[, change] = []] = await called({ subject: repoRef, takedown: { applied: true } })
    expect(change).toEqual({ takedownRef: expect.stringMatching(/^\d{4}-.*Z$/) })
  })

  test('updateSubjectStatus takes a record down, by its path', async () => {
    expect(await called({ subject: strongRef, takedown })).toEqual([
      [
        'moderation.setRecordTakedown',
        { collection: 'com.example.thing', rkey: 'one', ref: 'case 1' },
      ],
    ])
  })

  test('updateSubjectStatus takes a blob down', async () => {
    expect(await called({ subject: blobRef, takedown })).toEqual([
      ['blob.setTakedown', { cid, ref: 'case 1' }],
    ])
  })

  test('updateSubjectStatus deactivates an account', async () => {
    expect(await called({ subject: repoRef, deactivated: { applied: true } })).toEqual([
      ['lifecycle.changeState', { active: false, deleteAfter: null }],
    ])
  })

  test('updateSubjectStatus without a change calls changeState, which announces the account', async () => {
    expect(await called({ subject: repoRef })).toEqual([['lifecycle.changeState', {}]])
  })

  test('updateSubjectStatus returns the subject and the takedown', async () => {
    const answer = await update({ subject: strongRef, takedown })
    expect(await answer.json()).toEqual({ subject: strongRef, takedown })
  })

  test.each([
    ['what contradicts itself', { subject: repoRef, takedown, deactivated: { applied: false } }],
    ['another kind of subject', { subject: { $type: 'com.example.subject' }, takedown }],
    ['what is no record', { subject: { ...strongRef, uri: `at://${did}` }, takedown }],
  ])('updateSubjectStatus rejects %s', async (_, body) => {
    expect(await outcome(update(body))).toMatchObject({ status: 400, error: 'InvalidRequest' })
  })

  test('updateSubjectStatus rejects a repo of another server', async () => {
    const subject = { ...repoRef, did: 'did:plc:aaaaaaaaaaaaaaaaaaaaaaaa' }
    const answer = await outcome(update({ subject, takedown }))
    expect(answer).toEqual({ status: 400, error: 'NotFound', message: 'Repo not found' })
  })
})

describe('getSubjectStatus', () => {
  const ask = (query: string, g = gateway()) => get(g, `${getStatus}?${query}`, asAdmin())

  test('getSubjectStatus returns the status of an account', async () => {
    const off = { applied: false }
    expect(await (await ask(`did=${did}`)).json()).toEqual({
      subject: repoRef,
      takedown: off,
      deactivated: off,
    })
  })

  test('getSubjectStatus returns the status of a record, by DID or handle', async () => {
    const known = { subject: strongRef, takedown: { applied: true, ref: 'case 1' } }
    for (const name of [did, handle]) {
      const response = await ask(`uri=${encodeURIComponent(uri.replace(did, name))}`)
      expect(await response.json()).toEqual(known)
    }
  })

  test('getSubjectStatus returns the status of a blob', async () => {
    const response = await ask(`did=${did}&blob=${cid}`)
    expect(await response.json()).toEqual({ subject: blobRef, takedown: { applied: false } })
  })

  test.each([
    ['', 'InvalidRequest', 'No provided subject'],
    [`blob=${cid}`, 'InvalidRequest', 'Must provide a did to request blob state'],
    ['did=did:plc:aaaaaaaaaaaaaaaaaaaaaaaa', 'NotFound', 'Subject not found'],
  ])('getSubjectStatus rejects the query %j', async (query, error, message) => {
    expect(await outcome(ask(query))).toEqual({ status: 400, error, message })
  })
})

describe('accounts', () => {
  test('getAccountInfo and getAccountInfos return invites and dates', async () => {
    const g = gateway({}, {})
    const view = await (await get(g, `${admin('getAccountInfo')}?did=${did}`, asAdmin())).json()
    expect(view).toEqual({
      did,
      handle,
      email: 'alice@example.com',
      indexedAt: alice.createdAt,
      invites: [],
      invitesDisabled: true,
    })
    const many = await get(g, `${admin('getAccountInfos')}?dids=${did}&dids=did:web:x`, asAdmin())
    expect(await many.json()).toEqual({ infos: [view] })
  })

  test('getAccountInfo answers NotFound for an unknown account', async () => {
    const attempt = get(gateway(), `${admin('getAccountInfo')}?did=did:web:example.com`, asAdmin())
    const answer = { status: 400, error: 'NotFound', message: 'Account not found' }
    expect(await outcome(attempt)).toEqual(answer)
  })

  test('searchAccounts does not wake the accounts', async () => {
    const g = gateway()
    const response = await get(g, `${admin('searchAccounts')}?email=ali&limit=1`, asAdmin())
    expect(await response.json()).toMatchObject({ cursor: '1::did:plc:a', accounts: [{ did }] })
    expect(g.calls[0]).toEqual(['accounts.search', { text: 'ali', limit: 1 }])
    expect(g.calls.map(([action]) => action)).not.toContain('moderation.getState')
  })
})

describe('sendEmail', () => {
  const mail = {
    recipientDid: did,
    senderDid: moderationServiceDid,
    content: '<p>Hello &amp; you</p>',
  }

  test('sendEmail sends with the moderation mailer, as HTML and text', async () => {
    const g = gateway()
    const answer = await post(g, admin('sendEmail'), mail, asAdmin())
    expect(await answer.json()).toEqual({ sent: true })
    expect(g.sent).toEqual([
      {
        to: 'alice@example.com',
        subject: 'Message via your PDS',
        html: mail.content,
        text: 'Hello & you\n',
      },
    ])
  })

  test('sendEmail rejects unknown recipients, and accounts without an address', async () => {
    const body = { ...mail, recipientDid: 'did:web:example.com' }
    const answer = await outcome(post(gateway(), admin('sendEmail'), body, asAdmin()))
    expect(answer).toMatchObject({ status: 400, message: 'Recipient not found' })
  })
})

test('disableAccountInvites and enableAccountInvites set the invites of one account', async () => {
  const g = gateway()
  const body = { account: did }
  await post(g, admin('disableAccountInvites'), body, asAdmin())
  await post(g, admin('enableAccountInvites'), body, asAdmin())
  await post(g, admin('disableInviteCodes'), { codes: ['a'], accounts: [did] }, asAdmin())
  expect(g.calls).toEqual([
    ['invites.setDisabled', { did, disabled: true }],
    ['invites.setDisabled', { did, disabled: false }],
    ['invites.disable', { codes: ['a'], accounts: [did] }],
  ])
})
