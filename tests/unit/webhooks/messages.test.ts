/** Which message each event of the log makes. */
import { describe, expect, it } from 'vitest'
import { encodeAccountEvent, encodeCommitEvent, encodeIdentityEvent } from '#src/protocol/events.ts'
import { type EncodedEvent, frame } from '#src/protocol/frames.ts'
import { messagesOf } from '#src/webhooks/messages.ts'

const did = 'did:plc:alice'
const time = '2026-01-01T00:00:00.000Z'
const cid = 'bafyreigaknpexyvxt76zgkitavbwx6ejgfheup5oybpm77f3pxzrvwpfdi'
const uri = `at://${did}/app.bsky.feed.post/1`

const logged = ({ kind, event, seqAt }: EncodedEvent, seq = 7) => ({
  ...{ seq, numbers: 1 },
  frame: frame(kind, event, seqAt, seq),
})
const commit = (since: string | null, ops: { action: 'create' | 'update' | 'delete' }[]) =>
  encodeCommitEvent({
    ...{ did, time, commit: cid, rev: '3jzfcijpj2z2a', since, prevData: null },
    ops: ops.map(({ action }, i) => ({
      ...{ action, path: `app.bsky.feed.post/${i}` },
      cid: action === 'delete' ? null : cid,
    })),
    blocks: new Uint8Array(10),
  })
const ofEvent = (event: EncodedEvent, withCommits = true) =>
  messagesOf({ events: [logged(event)] }, { withCommits })
const ofPrivate = (kind: string, fields: object) =>
  messagesOf(
    {
      events: [],
      privateEvents: [{ seq: 9, did, kind, time, body: JSON.stringify(fields), subject: 'secret' }],
    },
    { withCommits: false },
  )

describe('events of the firehose', () => {
  it('a commit makes a message of each record, with an id of its own', () => {
    const ops = [{ action: 'create' }, { action: 'update' }, { action: 'delete' }] as const
    const messages = ofEvent(commit('3jzfcijpj2z22', [...ops]))
    expect(messages.map(({ id, type }) => [id, type])).toEqual([
      ['msg_7_0', 'record.created'],
      ['msg_7_1', 'record.updated'],
      ['msg_7_2', 'record.deleted'],
    ])
    expect(messages[1]!.data).toEqual({
      uri,
      collection: 'app.bsky.feed.post',
      rkey: '1',
      rev: '3jzfcijpj2z2a',
    })
  })

  it('only the first commit of an account makes account.created', () => {
    expect(ofEvent(commit(null, [])).map(({ type }) => type)).toEqual(['account.created'])
    expect(ofEvent(commit('3jzfcijpj2z22', []))).toEqual([])
  })

  it('of the other events only a deletion makes a message: they come again without a change', () => {
    const account = (status?: string) =>
      encodeAccountEvent({ did, time, active: status === undefined, ...(status && { status }) })
    expect(ofEvent(account('deleted')).map(({ id, type }) => [id, type])).toEqual([
      ['msg_7', 'account.deleted'],
    ])
    expect(ofEvent(account('takendown'))).toEqual([])
    expect(ofEvent(account())).toEqual([])
    expect(ofEvent(encodeIdentityEvent({ did, time, handle: 'alice.test' }))).toEqual([])
  })

  it('commits are not read unless an endpoint wants messages of them', () => {
    expect(ofEvent(commit(null, [{ action: 'create' }]), false)).toEqual([])
  })
})

describe('private events', () => {
  const reference = { $type: 'com.atproto.repo.strongRef', uri, cid }
  const repo = { $type: 'com.atproto.admin.defs#repoRef', did }
  const grant = { clientId: 'https://app', scope: 'atproto' }
  const blob = { cid, mimeType: 'image/png', size: 3 }
  it.each([
    ['#status', { from: 'active', to: 'suspended' }, 'account.suspended', { from: 'active' }],
    ['#status', { from: 'active', to: 'takendown' }, 'account.takendown', { from: 'active' }],
    ['#status', { from: 'active', to: 'deactivated' }, 'account.deactivated', { from: 'active' }],
    ['#status', { from: 'suspended', to: 'active' }, 'account.restored', { from: 'suspended' }],
    ['#status', { from: 'takendown', to: 'active' }, 'account.restored', { from: 'takendown' }],
    [
      '#status',
      { from: 'deactivated', to: 'active' },
      'account.activated',
      { from: 'deactivated' },
    ],
    ['#session', { change: 'created', kind: 'page' }, 'session.created', { kind: 'page' }],
    ['#session', { change: 'ended', kind: 'all' }, 'session.ended', { kind: 'all' }],
    ['#grant', { change: 'created', ...grant }, 'oauth.granted', grant],
    ['#grant', { change: 'changed', ...grant }, 'oauth.changed', grant],
    ['#grant', { change: 'revoked', ...grant }, 'oauth.revoked', grant],
    ['#appPassword', { change: 'created', name: 'a' }, 'app_password.created', { name: 'a' }],
    ['#appPassword', { change: 'revoked', name: 'a' }, 'app_password.revoked', { name: 'a' }],
    ['#blob', { change: 'deleted', ...blob }, 'blob.deleted', blob],
    ['#blob', { change: 'takendown', ...blob }, 'blob.takendown', blob],
    ['#blob', { change: 'restored', ...blob }, 'blob.restored', blob],
    ['#email', { change: 'confirmed' }, 'account.updated', { field: 'email', change: 'confirmed' }],
    [
      '#security',
      { kind: 'handle changed', detail: 'b.test' },
      'account.handle_changed',
      { handle: 'b.test' },
    ],
    ['#security', { kind: 'account claimed' }, 'account.claimed', {}],
    [
      '#security',
      { kind: 'password changed' },
      'account.updated',
      { field: 'password', change: 'changed' },
    ],
    [
      '#security',
      { kind: 'second factor refused' },
      'session.failed',
      { reason: 'second factor refused' },
    ],
    ['#moderation', { subject: reference, takedown: true }, 'record.takendown', { uri }],
    ['#moderation', { subject: reference, takedown: false }, 'record.restored', { uri }],
    [
      '#member',
      { change: 'added', did: 'did:plc:bob', role: 'editor' },
      'group.member_added',
      { member: 'did:plc:bob', role: 'editor' },
    ],
    [
      '#member',
      { change: 'removed', did: 'did:plc:bob' },
      'group.member_removed',
      { member: 'did:plc:bob' },
    ],
    [
      '#member',
      { change: 'changed', did: 'did:plc:bob', role: 'admin' },
      'group.role_changed',
      { member: 'did:plc:bob', role: 'admin' },
    ],
  ])('%s %j makes %s', (kind, fields, type, data) => {
    expect(ofPrivate(kind, fields)).toEqual([{ id: 'msg_9', seq: 9, type, did, time, data }])
  })

  it.each([
    ['#preferences', { names: ['app.bsky.actor.defs#personalDetailsPref'] }],
    ['#factor', { change: 'added', kind: 'totp' }],
    ['#security', { kind: 'sign in' }],
    ['#moderation', { subject: repo, takedown: true }],
    ['#somethingNewer', { change: 'created' }],
  ])('%s %j makes none', (kind, fields) => {
    expect(ofPrivate(kind, fields)).toEqual([])
  })

  it('what an app chose is cut, so that no message has more than 20 KB', () => {
    const [message] = ofPrivate('#grant', { change: 'created', scope: 'x'.repeat(30_000) })
    expect(JSON.stringify(message).length).toBeLessThan(20_000)
  })
})

it('messages of both logs are in the order of the log', () => {
  const privateEvent = (seq: number) => ({
    ...{ seq, did, kind: '#session', time, body: '{"change":"created"}' },
  })
  const events = [logged(commit(null, []), 5)]
  const page = { events, privateEvents: [privateEvent(4), privateEvent(6)] }
  expect(messagesOf(page, { withCommits: true }).map(({ id }) => id)).toEqual([
    'msg_4',
    'msg_5',
    'msg_6',
  ])
})
