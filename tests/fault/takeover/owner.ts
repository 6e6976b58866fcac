/** An account of the reference PDS with all that a takeover has to keep, and the proof that a server has kept it. */
import { deepEqual, equal, notEqual, ok, rejects } from 'node:assert/strict'
import { Agent, type AtpAgent } from '@atproto/api'
import { signingKeyOf } from '#tests/support/migration-steps.ts'
import { type App, loopbackApp, ProviderPageClient, signIn } from '#tests/support/oauth-client.ts'
import { type VerifiedRepo, verifiedRepo } from '#tests/support/verify-repo.ts'
import type { Place } from './place.ts'

const password = 'correct horse battery'
export const post = 'app.bsky.feed.post'
const preferences = [{ $type: 'app.bsky.actor.defs#adultContentPref', enabled: true }]
const image = (n: number) => new Uint8Array([...pngHeader, n & 255, n >> 8])
const pngHeader = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]

export type Kind = 'active' | 'deactivated' | 'takendown' | 'deleted'

/** Of each six accounts one is deactivated, one taken down, and one deleted. */
function kindOf(n: number): Kind {
  return ({ 1: 'deactivated', 3: 'takendown', 5: 'deleted' } as const)[n % 6] ?? 'active'
}

export class Owner {
  readonly #n: number
  readonly #place: Place
  readonly #agent: AtpAgent
  readonly #byAppPassword: AtpAgent
  kind: Kind
  #handle: string
  #appPassword = ''
  #blob: { cid: string; bytes: Uint8Array } | undefined
  #isBlobHidden = false
  #hiddenKey: string | undefined
  #app: App | undefined
  #head = { cid: '', rev: '' }

  constructor(n: number, place: Place) {
    this.#n = n
    this.#place = place
    this.#agent = place.agent()
    this.#byAppPassword = place.agent()
    this.#handle = `user${n}.test`
    this.kind = kindOf(n)
  }

  get did(): string {
    return this.#agent.assertDid
  }

  get hasApp(): boolean {
    return this.#app !== undefined
  }

  async create(inviteCode?: string): Promise<void> {
    const n = this.#n
    const [agent, handle] = [this.#agent, this.#handle]
    const email = `User${n}@example.com`
    await agent.createAccount({ handle, email, password, ...(inviteCode && { inviteCode }) })
    for (let i = 0; i < 3; i++) await this.write(`post ${i} of ${n}`)
    await this.#addBlobs()
    await agent.app.bsky.actor.putPreferences({ preferences })
    const created = await agent.com.atproto.server.createAppPassword({ name: 'phone' })
    this.#appPassword = created.data.password
    await this.#byAppPassword.login({ identifier: handle, password: this.#appPassword })
    if (n % 4 === 0) await this.#hideRecord()
    if (n % 6 === 2) await this.#signIn()
    if (n % 6 === 4) await this.#hideBlob()
    await this.become(this.kind)
  }

  /** One in its profile, and one that no record references. */
  async #addBlobs(): Promise<void> {
    const [n, agent] = [this.#n, this.#agent]
    const bytes = image(n)
    const { data } = await agent.uploadBlob(bytes, { encoding: 'image/png' })
    await agent.com.atproto.repo.putRecord({
      ...{ repo: this.did, collection: 'app.bsky.actor.profile', rkey: 'self' },
      record: { $type: 'app.bsky.actor.profile', displayName: `User ${n}`, avatar: data.blob },
    })
    this.#blob = { cid: data.blob.ref.toString(), bytes }
    await agent.uploadBlob(image(n + 10_000), { encoding: 'image/png' })
  }

  async become(kind: Kind): Promise<void> {
    this.kind = kind
    const { did } = this
    const subject = { $type: 'com.atproto.admin.defs#repoRef', did }
    if (kind === 'deactivated') await this.#agent.com.atproto.server.deactivateAccount({})
    if (kind === 'deleted') await this.#place.admin('com.atproto.admin.deleteAccount', { did })
    if (kind === 'takendown') await this.#place.takeDown(subject)
  }

  async rename(handle: string): Promise<void> {
    await this.#agent.com.atproto.identity.updateHandle({ handle })
    this.#handle = handle
  }

  async write(text: string): Promise<void> {
    await createPost(this.#agent, this.did, text)
  }

  async #signIn(): Promise<void> {
    const { url, plcUrl } = this.#place
    this.#app = loopbackApp({ scope: 'atproto transition:generic', plcUrl, url })
    const browser = new ProviderPageClient(url)
    await signIn(this.#app, { browser, handle: this.#handle, password, remember: true })
  }

  async #hideRecord(): Promise<void> {
    const { data } = await this.#agent.com.atproto.repo.listRecords({
      ...{ repo: this.did, collection: post, limit: 1 },
    })
    const { uri, cid } = data.records[0]!
    await this.#place.takeDown({ $type: 'com.atproto.repo.strongRef', uri, cid })
    this.#hiddenKey = uri.split('/').at(-1)!
  }

  async #hideBlob(): Promise<void> {
    const { cid } = this.#blob!
    await this.#place.takeDown({ $type: 'com.atproto.admin.defs#repoBlobRef', did: this.did, cid })
    this.#isBlobHidden = true
  }

  /** Call it when the reference writes no more. */
  async noteHead(): Promise<void> {
    if (this.kind !== 'active') return
    const { com } = this.#place.agent()
    const { data } = await com.atproto.sync.getLatestCommit({ did: this.did })
    this.#head = { cid: data.cid, rev: data.rev }
  }

  /** Throws unless the server has everything of it. Call it once, before anything is written. */
  async verify(): Promise<void> {
    const status = await this.#place.statusOf(this.did)
    equal(status, this.kind === 'deleted' ? 'RepoNotFound' : this.kind)
    if (this.kind === 'deleted' || this.kind === 'takendown') return
    await this.#verifySessions()
    const stored = await this.#agent.app.bsky.actor.getPreferences()
    deepEqual(stored.data.preferences, preferences)
    if (this.kind !== 'active') return
    await this.verifyRepo(this.#head)
    await this.#verifyTakedowns()
    await this.#verifyApp()
  }

  /** The tokens are those of the reference. */
  async #verifySessions(): Promise<void> {
    for (const agent of [this.#agent, this.#byAppPassword]) {
      const { data } = await agent.com.atproto.server.getSession()
      equal(data.handle, this.#handle)
      const { refreshJwt, ...session } = agent.session!
      const headers = { authorization: `Bearer ${refreshJwt}` }
      const refreshed = await agent.com.atproto.server.refreshSession(undefined, { headers })
      await agent.resumeSession({ ...session, ...refreshed.data, active: session.active })
    }
    const login = this.#place.agent()
    await login.login({ identifier: this.#handle, password })
    await login.login({ identifier: this.did, password: this.#appPassword })
  }

  /** Verified by two implementations; throws if the head is another one. */
  async verifyRepo(head?: { cid: string; rev: string }): Promise<VerifiedRepo> {
    const { did } = this
    const { com } = this.#place.agent()
    const { data: car } = await com.atproto.sync.getRepo({ did })
    const key = await signingKeyOf(did, this.#place.plcUrl)
    const repo = await verifiedRepo(car, { did, key })
    ok(repo.records.size >= 4)
    if (head !== undefined) deepEqual({ cid: repo.cid, rev: repo.rev }, head)
    return repo
  }

  async #verifyTakedowns(): Promise<void> {
    const { did } = this
    const { com } = this.#place.agent()
    const { cid, bytes } = this.#blob!
    const blob = com.atproto.sync.getBlob({ did, cid })
    if (this.#isBlobHidden) await rejects(blob)
    else deepEqual(Buffer.from((await blob).data), Buffer.from(bytes))
    if (this.#hiddenKey === undefined) return
    const hidden = { repo: did, collection: post, rkey: this.#hiddenKey }
    await rejects(com.atproto.repo.getRecord(hidden))
  }

  /** The app's own client refreshes the token that the reference has issued, and writes with it. */
  async #verifyApp(): Promise<void> {
    if (this.#app === undefined) return
    const { client, sessions } = this.#app
    const before = sessions.get(this.did)!.tokenSet.access_token
    const session = await client.restore(this.did, true)
    notEqual(sessions.get(this.did)!.tokenSet.access_token, before)
    await createPost(new Agent(session), this.did, 'by the app')
  }
}

async function createPost({ com }: Agent | AtpAgent, did: string, text: string): Promise<void> {
  const record = { $type: post, text, createdAt: new Date().toISOString() }
  await com.atproto.repo.createRecord({ repo: did, collection: post, record })
}
