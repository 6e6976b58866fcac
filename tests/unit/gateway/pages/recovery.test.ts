/** The section on rotation keys, over a PLC directory of one DID. */
import { beforeEach, describe, expect, it } from 'vitest'
import { invalidRequest } from '#src/errors.ts'
import { newSigningKey } from '#src/ports/secp256k1.ts'
import { genesisOperation, type PlcOperation } from '#src/protocol/plc-operation.ts'
import { openGateway } from '#tests/support/gateway.ts'
import { openPages } from '#tests/support/open-pages.ts'

const { server } = openGateway()
const { rotationKey, credentials } = server.identity
const own = newSigningKey().key.did()
const other = newSigningKey().key.did()
const fresh = newSigningKey().key.did()
const signing = newSigningKey().key.did()
const code = 'AAAAA-BBBBB'

let log: PlcOperation[]
let noted: string[]
beforeEach(() => {
  log = []
  noted = [own]
})

async function open(rotationKeys: string[] = [own, rotationKey.did(), other]) {
  const { publicUrl: pds } = credentials
  const account = { handle: 'alice.test', pds, signingKey: signing, rotationKeys }
  const { op } = await genesisOperation(account, rotationKey)
  log.push({ ...op, rotationKeys })
  const plc = {
    getDocumentData: async (did: string) => ({ ...log.at(-1)!, did }),
    getLastOp: async () => log.at(-1)!,
    sendOperation: async (_: string, next: PlcOperation) => void log.push(next),
  }
  const identity = {
    ...server.identity,
    plc,
    credentials: { ...credentials, rotationKeyDid: rotationKey.did() },
  }
  const describe = () => ({ account: { email: 'alice@example.com' } })
  const actors = {
    account: {
      identity: {
        getIdentity: () => ({ handle: 'alice.test', signingKeyDid: signing, status: 'active' }),
        listOwnRotationKeys: () => noted.map((key) => ({ key, addedAt: Date.UTC(2026, 0, 2) })),
        noteRotationKey: ({ key }: { key: string }) => void noted.push(key),
        announceIdentity: () => undefined,
        consumePlcToken: ({ token }: { token: string }) => {
          if (token !== code) throw invalidRequest('Token is invalid', 'InvalidToken')
        },
      },
      email: { requestToken: () => ({ email: 'alice@example.com', token: code }) },
      oauth: { describe },
    },
    directory: { identityChanges: { begin: () => undefined, end: () => undefined } },
  }
  const pages = openPages(actors)
  Object.assign(pages.gateway.server.identity, identity, {
    dispatch: pages.gateway.server.dispatch,
  })
  return pages
}

const rotationKeys = () => log.at(-1)!.rotationKeys

describe('the recovery key', () => {
  it('each key is named by whose it is, and only those of others can be removed', async () => {
    const { html } = await (await open()).open('/account/recovery')
    const names = [...html.matchAll(/<b>\d\. ([^<]*)</g)].map(([, name]) => name)
    expect(names).toEqual([
      'Yours, added Jan 2, 2026, 12:00 AM UTC',
      'This server',
      'Another key, not added here',
    ])
    const removable = [...html.matchAll(/name="key" value="([^"]*)"/g)].map(([, key]) => key)
    expect(removable).toEqual([own, other])
  })

  it('a key that is added comes before all others, with the code from the email', async () => {
    const pages = await open()
    const sent = await pages.submit('/account/recovery/send')
    expect(sent.html).toContain('We sent a code to alice@example.com.')
    expect(pages.gateway.sent[0]?.text).toContain(code)
    const { status } = await pages.submit('/account/recovery/add', { key: ` ${fresh} `, code })
    expect([status, rotationKeys()]).toEqual([303, [fresh, own, rotationKey.did(), other]])
    expect(noted).toContain(fresh)
  })

  it.each([
    ['a wrong code', { key: fresh, code: 'wrong' }, 'code'],
    ['no did:key', { key: 'did:key:zabc', code }, 'key'],
    ['a key that is there', { key: own, code }, 'key'],
  ])('with %s nothing is published', async (_, fields, field) => {
    const { status, html } = await (await open()).submit('/account/recovery/add', fields)
    expect([status, log.length]).toEqual([400, 1])
    expect(html).toMatch(new RegExp(`id="${field}"[^>]*aria-invalid="true"`))
  })

  it('an identity has at most five keys', async () => {
    const keys = [1, 2, 3, 4].map(() => newSigningKey().key.did())
    const pages = await open([...keys, rotationKey.did()])
    const { html } = await pages.submit('/account/recovery/add', { key: fresh, code })
    expect(html).toContain('An identity can have five keys.')
    expect(log).toHaveLength(1)
  })

  it('a key is removed with the code, and that of this server is not', async () => {
    const pages = await open()
    const wrong = await pages.submit('/account/recovery/remove', { key: other, code: 'wrong' })
    expect([wrong.status, log.length]).toEqual([400, 1])
    await pages.submit('/account/recovery/remove', { key: other, code })
    expect(rotationKeys()).toEqual([own, rotationKey.did()])
    const key = rotationKey.did()
    const { status } = await pages.submit('/account/recovery/remove', { key, code })
    expect([status, log.length]).toEqual([400, 2])
  })

  it('a DID without a key of this server is changed by its owner only', async () => {
    const { html } = await (await open([own])).open('/account/recovery')
    expect(html).toContain('This server has no key of your identity.')
    expect(html).not.toContain('action="/account/recovery/')
  })

  it.each(['send', 'add', 'remove'])(
    '/account/recovery/%s is refused from another site',
    async (name) => {
      const pages = await open()
      const headers = { origin: 'https://evil.example' }
      const fields = { key: fresh, code }
      expect((await pages.submit(`/account/recovery/${name}`, fields, headers)).status).toBe(403)
      expect([log.length, pages.gateway.sent]).toEqual([1, []])
    },
  )
})
