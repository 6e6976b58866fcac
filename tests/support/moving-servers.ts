/** Two servers of a move in memory, with what a move reads and changes, and a call at which it is cut off. */
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { XrpcError } from '#src/errors.ts'
import type { Download, Json, XrpcServer } from '#src/gateway/migrations/xrpc-server.ts'

export const code = 'AAAAA-BBBBB'

/** The DID, which names one of the servers, and what is at each. */
export class MovingAccount {
  pointsTo = 'old'
  keys = ['did:key:mine', 'did:key:old']
  operations = 0
  readonly old = new MemoryServer(this, 'old')
  readonly next = new MemoryServer(this, 'new')
  readonly calls: string[] = []
  /** Cuts off the call with this number, before or after it took effect. */
  cut: { at: number; when: 'before' | 'after' } | undefined

  constructor() {
    Object.assign(this.old, { isActive: true, rev: 'rev-1', records: 3 })
    this.old.wanted = ['a', 'b', 'c']
    for (const cid of this.old.wanted) this.old.blobs.set(cid, `blob ${cid}`)
    this.old.preferences = [{ $type: 'app.bsky.actor.defs#adultContentPref' }]
  }

  /** What must be the same after every move. */
  get outcome() {
    const { pointsTo, keys, operations, old, next } = this
    const { isActive, records, preferences } = next
    const blobs = [...next.blobs.values()].sort()
    return {
      pointsTo,
      keys,
      operations,
      wasLeft: !old.isActive,
      isActive,
      records,
      blobs,
      preferences,
    }
  }
}

export class MemoryServer implements XrpcServer {
  readonly #account: MovingAccount
  readonly #name: string
  isActive = false
  rev = ''
  records = 0
  wanted: string[] = []
  readonly blobs = new Map<string, string>()
  /** What getBlob throws. */
  readonly broken = new Map<string, XrpcError>()
  preferences: unknown[] | undefined = []
  mailed = 0

  constructor(account: MovingAccount, name: string) {
    this.#account = account
    this.#name = name
  }

  query(nsid: string, params: Json = {}): Promise<Json> {
    return this.#call(nsid, () => {
      switch (last(nsid)) {
        case 'checkAccountStatus':
          return {
            validDid: this.#account.pointsTo === this.#name,
            indexedRecords: this.records,
            expectedBlobs: this.wanted.length,
            importedBlobs: this.blobs.size,
          }
        case 'getLatestCommit':
          return { rev: this.rev }
        case 'listMissingBlobs': {
          const missing = this.wanted.filter((cid) => !this.blobs.has(cid)).sort()
          const after = missing.filter((cid) => cid > String(params['cursor'] ?? ''))
          const page = after.slice(0, 2)
          return {
            blobs: page.map((cid) => ({ cid })),
            ...(after.length > 2 && { cursor: page[1] }),
          }
        }
        case 'getPreferences':
          if (this.preferences === undefined) throw new XrpcError(501, 'MethodNotImplemented', '')
          return { preferences: this.preferences }
        case 'getRecommendedDidCredentials':
          return {
            rotationKeys: [`did:key:${this.#name}`],
            verificationMethods: { atproto: 'did:key:signing' },
            services: { atproto_pds: { endpoint: this.#name } },
          }
      }
      throw new Error(nsid)
    })
  }

  procedure(nsid: string, input: object = {}): Promise<Json> {
    const given = input as Json
    return this.#call(nsid, () => {
      switch (last(nsid)) {
        case 'putPreferences':
          this.preferences = given['preferences'] as unknown[]
          return {}
        case 'requestPlcOperationSignature':
          this.mailed++
          return {}
        case 'signPlcOperation':
          if (given['token'] !== code) throw new XrpcError(400, 'InvalidToken', 'Token is invalid')
          return { operation: { ...given, prev: this.#account.operations } }
        case 'submitPlcOperation':
          this.#submit(given['operation'] as Json)
          return {}
        case 'activateAccount':
          if (this.#account.pointsTo !== this.#name) throw new XrpcError(400, 'InvalidRequest', '')
          this.isActive = true
          return {}
        case 'deactivateAccount':
          this.isActive = false
          return {}
      }
      throw new Error(nsid)
    })
  }

  #submit({ prev, services, rotationKeys }: Json): void {
    const account = this.#account
    if (prev !== account.operations) throw new XrpcError(400, 'InvalidRequest', 'Bad prev')
    account.operations++
    account.pointsTo = (services as { atproto_pds: { endpoint: string } }).atproto_pds.endpoint
    account.keys = rotationKeys as string[]
  }

  download(nsid: string, { cid }: { cid?: unknown }): Promise<Download> {
    return this.#call(nsid, () => {
      const text = cid === undefined ? this.#car() : this.#blob(String(cid))
      const bytes = Readable.from([Buffer.from(text)])
      return { bytes, type: 'image/png', length: text.length }
    })
  }

  #car(): string {
    return JSON.stringify({ rev: this.rev, records: this.records, wanted: this.wanted })
  }

  #blob(cid: string): string {
    const error = this.broken.get(cid)
    if (error !== undefined) throw error
    return this.blobs.get(cid)!
  }

  async upload(nsid: string, { bytes }: Download): Promise<Json> {
    const text = (await buffer(bytes)).toString()
    return this.#call(nsid, () => {
      if (last(nsid) === 'importRepo') {
        Object.assign(this, JSON.parse(text))
        return {}
      }
      const [, cid = ''] = text.split(' ')
      if (cid !== 'torn') this.blobs.set(cid, text)
      return { blob: { ref: { $link: cid } } }
    })
  }

  async #call<T>(nsid: string, effect: () => T): Promise<T> {
    const { calls, cut } = this.#account
    const n = calls.push(`${this.#name} ${last(nsid)}`) - 1
    const broken = () => new XrpcError(502, 'UpstreamFailure', `cut off at ${n}`)
    if (cut?.at === n && cut.when === 'before') throw broken()
    const answer = effect()
    if (cut?.at === n) throw broken()
    return answer
  }
}

function last(nsid: string): string {
  return nsid.split('.').at(-1)!
}
