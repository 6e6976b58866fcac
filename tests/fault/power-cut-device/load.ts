/** What a server is asked while its power is cut, and what of it was acknowledged at one moment. */
import { randomBytes } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { png, upload } from '#tests/support/blobs.ts'
import {
  type ReceivedEvent,
  ReconnectingSubscriber,
} from '#tests/support/reconnecting-subscriber.ts'
import { createTestAccount, type TestAccount } from '#tests/support/server.ts'
import { type Attempt, type Op, WriteLoad } from '#tests/support/write-load.ts'

export interface StoredBlob {
  did: string
  cid: string
  bytes: Uint8Array
}

/** What the server had answered or sent before one moment. */
export interface Acknowledged {
  /** All writes that had begun, in order; only those in `answered` were acknowledged. */
  attempts: readonly Attempt[]
  answered: ReadonlySet<Attempt>
  accounts: readonly TestAccount[]
  frames: readonly ReceivedEvent[]
  /** Those that a record refers to. */
  blobs: readonly StoredBlob[]
}

const ACCOUNTS = 6
const BULK_CLIENTS = 3
const BULK_RECORDS = 20
const BULK_TEXT_BYTES = 30_000
const BIRTH_PAUSE_MS = 700
const BLOB_PAUSE_MS = 100
const collection = 'com.example.load'

export class Load {
  readonly #url: string
  readonly #accounts: TestAccount[] = []
  readonly #blobs: StoredBlob[] = []
  readonly #large: Attempt[] = []
  readonly #writes: WriteLoad
  readonly #subscriber: ReconnectingSubscriber
  #isRunning = true
  #clients: Promise<unknown> = Promise.resolve()

  constructor(url: string) {
    this.#url = url
    this.#writes = new WriteLoad(url, () => this.#accounts)
    this.#subscriber = new ReconnectingSubscriber(url)
  }

  /** `isLarge`: also many writes of 600 KB, which fill the log. */
  async start(isLarge: boolean): Promise<void> {
    const names = Array.from({ length: ACCOUNTS }, (_, n) => `user${n}`)
    const server = { url: this.#url }
    this.#accounts.push(
      ...(await Promise.all(names.map((name) => createTestAccount(server, name)))),
    )
    this.#writes.start()
    const bulk = Array.from({ length: isLarge ? BULK_CLIENTS : 0 }, () => this.#writeLarge)
    this.#clients = Promise.all([...bulk, this.#createAccount, this.#storeBlob].map(this.#repeat))
  }

  async stop(): Promise<void> {
    this.#isRunning = false
    await Promise.all([this.#writes.stop(), this.#clients])
    this.#subscriber.close()
  }

  /** Answers that a server must never give. */
  get violations(): readonly string[] {
    return this.#writes.violations
  }

  acknowledged(): Acknowledged {
    const attempts = [...this.#writes.attempts, ...this.#large]
    return {
      attempts,
      answered: new Set(attempts.filter(({ status }) => status === 200)),
      accounts: [...this.#accounts],
      frames: [...this.#subscriber.events],
      blobs: [...this.#blobs],
    }
  }

  readonly #repeat = async (step: () => Promise<void>): Promise<void> => {
    while (this.#isRunning) await step().catch(() => pause(50))
  }

  readonly #createAccount = async (): Promise<void> => {
    await pause(BIRTH_PAUSE_MS)
    const name = `new${this.#accounts.length}`
    this.#accounts.push(await createTestAccount({ url: this.#url }, name))
  }

  readonly #storeBlob = async (): Promise<void> => {
    await pause(BLOB_PAUSE_MS)
    const account = this.#anyAccount()
    const bytes = png(...randomBytes(20_000))
    const blob = await upload(account, bytes)
    const record = { $type: collection, blob, createdAt: new Date().toISOString() }
    await account.agent.com.atproto.repo.createRecord({ repo: account.did, collection, record })
    this.#blobs.push({ did: account.did, cid: String(blob.ref), bytes })
  }

  readonly #writeLarge = async (): Promise<void> => {
    const { did, agent } = this.#anyAccount()
    const ops = Array.from({ length: BULK_RECORDS }, (): Op => {
      const text = randomBytes(BULK_TEXT_BYTES / 2).toString('hex')
      return { action: 'create', path: undefined, text }
    })
    const attempt: Attempt = { did, method: 'applyWrites', ops }
    this.#large.push(attempt)
    const writes = ops.map(({ text }) => ({
      $type: 'com.atproto.repo.applyWrites#create' as const,
      collection,
      value: { $type: collection, text },
    }))
    const { data } = await agent.com.atproto.repo.applyWrites({ repo: did, writes })
    for (const [i, op] of ops.entries()) {
      const { uri, cid } = data.results![i] as { uri: string; cid: string }
      op.path = uri.split('/').slice(3).join('/')
      op.cid = cid
      op.text = undefined
    }
    attempt.commit = data.commit!
    attempt.status = 200
  }

  #anyAccount(): TestAccount {
    return this.#accounts[Math.floor(Math.random() * this.#accounts.length)]!
  }
}
