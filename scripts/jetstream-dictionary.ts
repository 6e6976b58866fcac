/**
 * Trains the dictionary that network.bsky.jetstream.subscribeEvents compresses with, from made-up events. Needs the
 * program `zstd`. A new dictionary needs a new id: clients keep what they have loaded under the old one.
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { encode } from '@atproto/lex-cbor'
import type { LexValue } from '@atproto/lex-data'
import { project } from '#src/gateway/events/project.ts'
import { eventsEncoding } from '#src/gateway/jetstream/encodings.ts'
import { carFile } from '#src/protocol/car.ts'
import { cidForCbor } from '#src/protocol/cid.ts'
import { encodeAccountEvent, encodeCommitEvent, encodeIdentityEvent } from '#src/protocol/events.ts'
import { type EncodedEvent, frame } from '#src/protocol/frames.ts'

const ID = 20_261_130
const BYTES = 32_768
const SAMPLES = 6_000

let state = 1
function random(below: number): number {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
  return Math.floor((state / 2 ** 32) * below)
}
const pick = <T>(from: readonly T[]): T => from[random(from.length)]!
const chars = (alphabet: string, length: number) =>
  Array.from({ length }, () => alphabet[random(alphabet.length)]).join('')

const base32 = 'abcdefghijklmnopqrstuvwxyz234567'
const did = () => `did:plc:${chars(base32, 24)}`
const cid = () => `bafyrei${chars(base32, 52)}`
const tid = () => `3m${chars(`${base32}`, 11)}`
const words =
  'the and you that for with this have are not what just like from they will about when your can all there been would people know good more time think really great because today love make want still never see going day much some now thing new right even work'.split(
    ' ',
  )
const text = () => Array.from({ length: 3 + random(30) }, () => pick(words)).join(' ')
const time = () => new Date(1_790_000_000_000 + random(4e9)).toISOString()
const uri = (collection: string) => `at://${did()}/${collection}/${tid()}`
const post = () => ({ cid: cid(), uri: uri('app.bsky.feed.post') })
const image = () => ({
  alt: text(),
  aspectRatio: { height: 500 + random(1500), width: 500 + random(1500) },
  image: {
    $type: 'blob',
    ref: { $link: `bafkrei${chars(base32, 52)}` },
    mimeType: pick(['image/jpeg', 'image/png', 'image/webp']),
    size: random(1_000_000),
  },
})
const embeds = [
  () => ({ $type: 'app.bsky.embed.images', images: [image()] }),
  () => ({ $type: 'app.bsky.embed.record', record: post() }),
  () => ({
    $type: 'app.bsky.embed.external',
    external: {
      description: text(),
      title: text(),
      uri: `https://www.${pick(words)}.com/${tid()}`,
    },
  }),
]
const facet = () => ({
  $type: 'app.bsky.richtext.facet',
  features: [
    pick([
      { $type: 'app.bsky.richtext.facet#link', uri: `https://${pick(words)}.com/` },
      { $type: 'app.bsky.richtext.facet#mention', did: did() },
      { $type: 'app.bsky.richtext.facet#tag', tag: pick(words) },
    ]),
  ],
  index: { byteEnd: 20 + random(100), byteStart: random(20) },
})

type MakeRecord = () => Record<string, unknown>
const records: [weight: number, collection: string, make: MakeRecord][] = [
  [50, 'app.bsky.feed.like', () => ({ createdAt: time(), subject: post() })],
  [
    25,
    'app.bsky.feed.post',
    () => ({
      createdAt: time(),
      langs: [pick(['en', 'pt', 'ja', 'de', 'es', 'fr'])],
      text: text(),
      ...(random(2) === 0 && { reply: { parent: post(), root: post() } }),
      ...(random(3) === 0 && { embed: pick(embeds)() }),
      ...(random(4) === 0 && { facets: [facet()] }),
    }),
  ],
  [10, 'app.bsky.feed.repost', () => ({ createdAt: time(), subject: post() })],
  [12, 'app.bsky.graph.follow', () => ({ createdAt: time(), subject: did() })],
  [4, 'app.bsky.graph.block', () => ({ createdAt: time(), subject: did() })],
  [
    2,
    'app.bsky.graph.listitem',
    () => ({ createdAt: time(), list: uri('app.bsky.graph.list'), subject: did() }),
  ],
  [
    2,
    'app.bsky.feed.threadgate',
    () => ({ allow: [], createdAt: time(), hiddenReplies: [], post: uri('app.bsky.feed.post') }),
  ],
  [
    3,
    'app.bsky.actor.profile',
    () => ({ avatar: image().image, createdAt: time(), description: text(), displayName: text() }),
  ],
]
const weighted = records.flatMap(([weight, collection, make]) => {
  return Array.from({ length: weight }, () => ({ collection, make }))
})

function commit(): EncodedEvent {
  const { collection, make } = pick(weighted)
  const rkey = collection === 'app.bsky.actor.profile' ? 'self' : tid()
  const path = `${collection}/${rkey}`
  const isDelete = random(8) === 0
  const bytes = encode({ $type: collection, ...make() } as LexValue)
  const record = cidForCbor(bytes)
  const action = isDelete ? 'delete' : rkey === 'self' ? 'update' : 'create'
  return encodeCommitEvent({
    ...{ did: did(), rev: tid(), time: time(), since: null, prevData: null },
    commit: record,
    ops: [{ action, path, cid: isDelete ? null : record }],
    blocks: carFile(record, isDelete ? [] : [[record, bytes]]),
  })
}

function event(): EncodedEvent {
  const about = { did: did(), time: time() }
  switch (random(60)) {
    case 0:
      return encodeIdentityEvent({ ...about, handle: `${pick(words)}.${pick(words)}.com` })
    case 1:
      return encodeAccountEvent({ ...about, active: true })
    case 2:
      return encodeAccountEvent({ ...about, active: false, status: 'deleted' })
    default:
      return commit()
  }
}

const folder = mkdtempSync(join(tmpdir(), 'samples-'))
const samples = Array.from({ length: SAMPLES }, (_, i) => {
  const seq = 1_790_000_000_000_000 + i * 1_000 + random(1_000)
  const { kind, event: body, seqAt } = event()
  const [projected] = project({ seq, frame: frame(kind, body, seqAt, seq) })
  const file = join(folder, `${i}.json`)
  writeFileSync(file, eventsEncoding.encode(projected!)!)
  return file
})
const out = join(
  import.meta.dirname,
  '../src/gateway/jetstream/dictionaries/subscribe_events.zdict',
)
const args = ['--train', ...samples, '-o', out, `--maxdict=${BYTES}`, `--dictID=${ID}`, '-q', '-f']
execFileSync('zstd', args, { stdio: 'inherit' })
rmSync(folder, { recursive: true })
