/** Accounts of the reference PDS, each with what a takeover has to keep, and the proof that a server has kept it. */
import { deepStrictEqual, equal, notEqual, ok } from 'node:assert/strict'
import { AtpAgent } from '@atproto/api'
import { verifyRepoCar } from '@atproto/repo'
import { type App, loopbackApp, ProviderPageClient, signIn } from '#tests/support/oauth-client.ts'

export interface Place {
  url: string
  plcUrl: string
  adminPassword: string
}

const password = 'correct horse battery'
const post = 'app.bsky.feed.post'
const preferences = [{ $type: 'app.bsky.actor.defs#adultContentPref', enabled: true }]
const image = (n: number) => new Uint8Array([...pngHeader, n & 255, n >> 8])
const pngHeader = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]

type Kind = 'active' | 'deactivated' | 'takendown' | 'deleted'

/** Every tenth account is deactivated, every tenth taken down, every tenth deleted. */
function kindOf(n: number): Kind {
  return ({ 3: 'deactivated', 6: 'takendown', 9: 'deleted' } as const)[n % 10] ?? 'active'
}

export class Owner {
  readonly #n: number
  readonly #agent: AtpAgent
  readonly kind: Kind
  #appPassword = ''
  #byAppPassword: AtpAgent | undefined
  #blob: { cid: string; bytes: Uint8Array } | undefined
  #hidden: string | undefined
  #app: App | undefined
  #head = { cid: '', rev: '' }

  constructor(n: number, { url }: Place) {
    this.#n = n
    this.#agent = new AtpAgent({ service: url })
    this.kind = kindOf(n)
  }

  get did(): string {
    return this.#agent.assertDid
  }

  async create(place: Place): Promise<void> {
    const [n, agent] = [this.#n, this.#agent]
    const handle = `user${n}.test`
    await agent.createAccount({ handle, email: `user${n}@example.com`, password })
    for (let i = 0; i < 3; i++) await this.write(`post ${i} of ${n}`)
    const bytes = image(n)
    const { data } = await agent.uploadBlob(bytes, { encoding: 'image/png' })
    await agent.com.atproto.repo.putRecord({
      ...{ repo: this.did, collection: 'app.bsky.actor.profile', rkey: 'self' },
      record: { $type: 'app.bsky.actor.profile', displayName: `User ${n}`, avatar: data.blob },
    })
    this.#blob = { cid: data.blob.ref.toString(), bytes }
    // One that no record references.
    await agent.uploadBlob(image(n + 10_000), { encoding: 'image/png' })
    await agent.app.bsky.actor.putPreferences({ preferences })
    const created = await agent.com.atproto.server.createAppPassword({ name: 'phone' })
    this.#appPassword = created.data.password
    this.#byAppPassword = new AtpAgent({ service: place.url })
    await this.#byAppPassword.login({ identifier: handle, password: this.#appPassword })
    if (n % 5 === 0) await this.#signIn(place, handle)
    if (n % 4 === 0) await this.#hideRecord(place)
    await this.change(place)
  }

  /** What happens to it at the end of its creation. */
  async change(place: Place): Promise<void> {
    const subject = { $type: 'com.atproto.admin.defs#repoRef', did: this.did }
    if (this.kind === 'deactivated') await this.#agent.com.atproto.server.deactivateAccount({})
    if (this.kind === 'deleted') await admin(place, 'com.atproto.admin.deleteAccount', this)
    if (this.kind === 'takendown') await takeDown(place, subject)
  }

  async write(text: string): Promise<void> {
    const record = { $type: post, text, createdAt: new Date().toISOString() }
    await this.#agent.com.atproto.repo.createRecord({ repo: this.did, collection: post, record })
  }

  async #signIn({ url, plcUrl }: Place, handle: string): Promise<void> {
    this.#app = loopbackApp({ scope: 'atproto transition:generic', plcUrl, url })
    const browser = new ProviderPageClient(url)
    await signIn(this.#app, { browser, handle, password, remember: true })
  }

  async #hideRecord(place: Place): Promise<void> {
    const { data } = await this.#agent.com.atproto.repo.listRecords({
      ...{ repo: this.did, collection: post, limit: 1 },
    })
    const { uri, cid } = data.records[0]!
    await takeDown(place, { $type: 'com.atproto.repo.strongRef', uri, cid })
    this.#hidden = uri
  }

  /** Call it when the reference writes no more. */
  async noteHead({ url }: Place): Promise<void> {
    if (this.kind !== 'active') return
    const { data } = await anonymous(url).com.atproto.sync.getLatestCommit({ did: this.did })
    this.#head = data
  }

  /** Throws unless the server has everything of it. */
  async verify(place: Place, keyOf: (did: string) => Promise<string>): Promise<void> {
    const status = await statusAt(place, this.did)
    if (this.kind === 'deleted') return equal(status, 'RepoNotFound')
    equal(status, this.kind)
    if (this.kind === 'takendown') return
    const { com, app } = this.#agent
    // The tokens are those of the reference.
    await com.atproto.server.refreshSession(undefined, {
      headers: { authorization: `Bearer ${this.#agent.session!.refreshJwt}` },
    })
    const login = new AtpAgent({ service: place.url })
    await login.login({ identifier: `user${this.#n}.test`, password })
    await login.login({ identifier: this.did, password: this.#appPassword })
    await this.#byAppPassword!.com.atproto.server.refreshSession(undefined, {
      headers: { authorization: `Bearer ${this.#byAppPassword!.session!.refreshJwt}` },
    })
    const stored = await app.bsky.actor.getPreferences()
    deepStrictEqual(stored.data.preferences, preferences)
    if (this.kind === 'active') await this.#verifyRepo(place, await keyOf(this.did))
  }

  async #verifyRepo({ url }: Place, key: string): Promise<void> {
    const { com } = anonymous(url)
    const { did } = this
    const { data: head } = await com.atproto.sync.getLatestCommit({ did })
    deepStrictEqual({ ...head }, { ...this.#head })
    const { data: car } = await com.atproto.sync.getRepo({ did })
    const { creates } = await verifyRepoCar(car, did, key)
    ok(creates.length >= 4)
    const blob = await com.atproto.sync.getBlob({ did, cid: this.#blob!.cid })
    deepStrictEqual(Buffer.from(blob.data), Buffer.from(this.#blob!.bytes))
    if (this.#hidden !== undefined) {
      const [, , , , rkey = ''] = this.#hidden.split('/')
      const shown = com.atproto.repo.getRecord({ repo: did, collection: post, rkey })
      await shown.then(
        () => ok(false, 'a record that was taken down is shown'),
        () => {},
      )
    }
    if (this.#app === undefined) return
    const before = this.#app.sessions.get(did)!.tokenSet.access_token
    // Refreshes the token that the reference has issued.
    const session = await this.#app.client.restore(did, true)
    notEqual(this.#app.sessions.get(did)!.tokenSet.access_token, before)
    const { status } = await session.fetchHandler('/xrpc/com.atproto.server.getSession')
    equal(status, 200)
  }
}

function anonymous(url: string): AtpAgent {
  return new AtpAgent({ service: url })
}

async function statusAt({ url }: Place, did: string): Promise<string> {
  const query = new URLSearchParams({ did })
  const answer = await fetch(`${url}/xrpc/com.atproto.sync.getRepoStatus?${query}`)
  const body = (await answer.json()) as { error?: string; active?: boolean; status?: string }
  return body.error ?? (body.active === true ? 'active' : (body.status ?? ''))
}

function takeDown(place: Place, subject: object): Promise<unknown> {
  const takedown = { applied: true, ref: 'test' }
  return admin(place, 'com.atproto.admin.updateSubjectStatus', { subject, takedown })
}

export async function admin(place: Place, method: string, input: object): Promise<unknown> {
  const credentials = Buffer.from(`admin:${place.adminPassword}`).toString('base64')
  const body = 'did' in input ? { did: input.did } : input
  const answer = await fetch(`${place.url}/xrpc/${method}`, {
    method: 'POST',
    headers: { authorization: `Basic ${credentials}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  const text = await answer.text()
  if (!answer.ok) throw new Error(`${method}: ${answer.status} ${text}`)
  return text === '' ? undefined : JSON.parse(text)
}
