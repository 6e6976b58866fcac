import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { root } from '#tests/support/sources.ts'

/** What an app does with the SDK and the official clients. */
const program = `
import { type AppBskyFeedPost, AtpAgent } from '@atproto/api'
import type { OAuthSession } from '@atproto/oauth-client-browser'
import { type CommitEvent, Realtime, RealtimeFailure, type Status } from '@headwater/realtime'

const service = 'http://localhost:2583'
const { sessionManager: session } = new AtpAgent({ service })
const realtime = new Realtime({ service, session })
const ofOAuth = (oauth: OAuthSession) => new Realtime({ service, session: oauth, shared: false })
realtime.on('status', (status: Status) => status === 'live')
async function use(did: string, signal: AbortSignal) {
  await realtime.saveCursor(localStorage)
  const off = realtime.on('commit', { dids: [did] }, (event: CommitEvent) => event.record?.['text'])
  // @ts-expect-error: types are there, so that a mistake is one
  realtime.on('grant', ({ clientId, collection }) => clientId + collection)
  for await (const event of realtime.events({ kinds: ['session'], signal })) {
    if (event.type === 'session') event.change satisfies 'created' | 'ended'
  }
  realtime.record('at://did:plc:a/b.c.d/e').subscribe(({ value, isLive }) => [value, isLive])
  realtime.collection('b.c.d', { did }).subscribe(({ records: [first] }) => first?.uri)
  type Post = AppBskyFeedPost.Record
  interface Note { text: string }
  realtime.record<Post>('at://did:plc:a/b.c.d/e').subscribe(({ value }) => value?.text.length)
  realtime.collection<Note>('b.c.d').subscribe(({ records: [first] }) => first?.value.text.length)
  realtime.on<Note>('commit', { collections: ['b.c.d'] }, ({ record }) => record?.text.length)
  realtime.on('commit', (event: CommitEvent<Post>) => event.record?.text.length)
  // @ts-expect-error: a field that the given type does not have
  realtime.collection<Note>('b.c.d').subscribe(({ records: [first] }) => first?.value.title)
  // @ts-expect-error: without a type, a field can be anything
  realtime.on('commit', ({ record }) => record?.['text'].length)
  const channel = realtime.channel({ did, name: 'board', state: { name: 'A' } })
  channel.on('presence', ({ from, state }) => [from, state])
  await channel.publish({ typing: true })
  off()
}
export { ofOAuth, RealtimeFailure, use }
`

const runs = `
import { Realtime } from '@headwater/realtime'

const realtime = new Realtime({ service: 'http://localhost', session: { fetchHandler: fetch } })
realtime.on('status', (status) => console.log(status))
realtime.close()
`

describe('@headwater/realtime', () => {
  let folder: string
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'headwater-sdk-'))
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  const run = (command: string, ...args: string[]) =>
    execFileSync(command, args, { cwd: folder, encoding: 'utf8' })

  it('the tarball of npm run pack-realtime installs in an empty folder, and has its code, types and page', () => {
    run(process.execPath, join(root, 'scripts/pack-realtime.ts'), folder)
    writeFileSync(join(folder, 'package.json'), '{"type":"module"}')
    run('npm', 'install', '--offline', '--no-audit', '--no-fund', './headwater-realtime-0.1.0.tgz')
    const files = run('tar', '-tf', 'headwater-realtime-0.1.0.tgz').split('\n')
    expect(files).toEqual(
      expect.arrayContaining([
        'package/README.md',
        'package/dist/realtime.js',
        'package/dist/realtime.d.ts',
      ]),
    )
    expect(files.filter((file) => /src|test/.test(file))).toEqual([])
    expect(
      run('npm', 'ls', '--omit=dev', '--depth=9', '--parseable').trim().split('\n'),
    ).toHaveLength(2)
  })

  it('a program with the installed SDK and the official clients type-checks, and runs in Node', () => {
    symlinkSync(join(root, 'node_modules/@atproto'), join(folder, 'node_modules/@atproto'))
    const compilerOptions = {
      ...{ strict: true, noEmit: true, skipLibCheck: true, module: 'nodenext', target: 'es2023' },
      ...{ lib: ['es2023', 'dom'], types: [], exactOptionalPropertyTypes: true },
    }
    const config = { compilerOptions, include: ['program.ts'] }
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config))
    writeFileSync(join(folder, 'program.ts'), program)
    run(join(root, 'node_modules/.bin/tsc'), '-p', '.')
    writeFileSync(join(folder, 'runs.js'), runs)
    expect(run(process.execPath, 'runs.js')).toBe('ended\n')
  })
})
