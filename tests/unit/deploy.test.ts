import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { readConfig } from '#src/config/config.ts'
import { isKnownName, referenceNames } from '#src/config/names.ts'
import { exists, root, sources } from '#tests/support/sources.ts'

const files = sources('deploy/**/*.*', 'deploy/Dockerfile', 'deploy/**/Caddyfile')
const textOf = (path: string) => sources(path)[0]!.text
const manifest = JSON.parse(textOf('rivet.json'))
const { container, health } = manifest
const compose = parse(textOf('deploy/one-box/compose.yaml'))
const railway = sources('deploy/railway/**/*.json').map(({ path, text }) => ({
  path,
  ...(JSON.parse(text) as { build: Json; deploy: Json }),
}))

type Json = Record<string, string | number>

/** The instructions of the Dockerfile, with continued lines joined. */
const dockerfile = textOf(container.dockerfile)
  .replace(/\\\n\s*/g, '')
  .split('\n')
  .filter((line) => /^[A-Z]+ /.test(line))
  .map((line) => ({ name: line.split(' ', 1)[0]!, rest: line.slice(line.indexOf(' ') + 1) }))
const instruction = (wanted: string) =>
  dockerfile.filter(({ name }) => name === wanted).map(({ rest }) => rest)

/** The variables that a file in the form of an env file sets. */
function variablesOf(path: string): Record<string, string> {
  const lines = textOf(path).split('\n')
  const pairs = lines.filter((line) => line !== '' && !line.startsWith('#'))
  return Object.fromEntries(pairs.map((line) => line.split(/=(.*)/s).slice(0, 2)))
}

describe('Dockerfile', () => {
  it('the container runs what npm start runs, as a user without privileges', () => {
    const command = JSON.parse(instruction('CMD')[0]!).join(' ')
    expect(`exec ${command}`).toBe(manifest.start)
    expect(instruction('USER')).toEqual(['node'])
    expect(instruction('STOPSIGNAL')).toEqual([container.stopSignal])
    expect(instruction('EXPOSE')).toEqual([String(container.port)])
  })

  it('the Dockerfile copies what exists and what .dockerignore lets through', () => {
    const copied = instruction('COPY')
      .filter((rest) => !rest.startsWith('--from'))
      .flatMap((rest) => rest.split(' ').slice(0, -1))
    expect(copied.filter((path) => !exists(path))).toEqual([])
    const admitted = textOf('.dockerignore').match(/^!.*$/gm)!
    expect(admitted.map((line) => line.slice(1)).sort()).toEqual([...new Set(copied)].sort())
    expect(textOf('.dockerignore')).toMatch(/^\*$/m)
  })

  it('the Dockerfile copies every file that the server imports', () => {
    const folders = instruction('COPY').flatMap((rest) => rest.split(' '))
    const imports = JSON.parse(textOf('package.json')).imports as Record<string, string>
    const used = sources('src/**/*.ts', 'actors/**/*.ts', 'bin/*.js').flatMap(({ text }) =>
      [...text.matchAll(/(?:from|import\(|import) ?'(#\w+)/g)].map(([, name]) => name!),
    )
    const targets = [...new Set(used)].map((name) => imports[name] ?? imports[`${name}/*`]!)
    const roots = targets.map((target) => target.split('/')[1]!)
    expect(roots.filter((path) => !folders.includes(path))).toEqual([])
  })

  it('the health check of the image exits with what the server answers', async () => {
    let status = 200
    const paths: (string | undefined)[] = []
    const server = createServer((request, response) => {
      paths.push(request.url)
      response.writeHead(status).end()
    })
    await once(server.listen(0), 'listening')
    const { port } = server.address() as AddressInfo
    const check = async (env: Record<string, string>) => {
      const script = join(root, 'deploy/health.js')
      const child = spawn(process.execPath, [script], { env, stdio: 'ignore' })
      return (await once(child, 'exit'))[0]
    }
    const here = String(port)
    const healthy = await Promise.all([
      check({ PDS_PORT: here }),
      check({ PORT: here }),
      check({ PDS_ROLE: 'actors', PDS_METRICS_PORT: here, PDS_PORT: '1' }),
      check({ PDS_ROLE: 'actors' }),
    ])
    status = 503
    const ill = await check({ PDS_PORT: here })
    server.close()
    expect([...healthy, ill]).toEqual([0, 0, 0, 0, 1])
    expect(new Set(paths)).toEqual(new Set([health]))
  })
})

describe('variables', () => {
  const engineSettings = `${textOf('rivet.json')} ${textOf('src/engine/engine-environment.ts')}`
  /** The engine's, which it reads itself, and what platforms set. */
  const others = ['RIVET__POSTGRES__URL', 'RIVET__FILE_SYSTEM__PATH', 'RIVET_PORT']

  it('every variable that a deployment names is one that Headwater or its engine reads', () => {
    const named = files.flatMap(
      ({ text }) => text.match(/\b(?:PDS|RIVET)_[A-Z0-9_]*[A-Z0-9]/g) ?? [],
    )
    const unknown = [...new Set(named)].filter(
      (name) => !isKnownName(name) && !others.includes(name) && !engineSettings.includes(name),
    )
    expect(unknown).toEqual([])
  })

  it('a server with the variables of the example, and secrets, starts as a public one', () => {
    const example = variablesOf('deploy/one-box/headwater.env.example')
    expect(Object.keys(example).filter((name) => !referenceNames.includes(name))).toEqual([
      'PDS_KEY_ENCRYPTION_KEY_HEX',
    ])
    const blanks = Object.entries(example).filter(([, value]) => value === '')
    const secrets = blanks.filter(([name]) => /SECRET|PASSWORD|_HEX$/.test(name))
    expect(secrets).toHaveLength(4)
    const filled = Object.fromEntries(secrets.map(([name]) => [name, 'a'.repeat(64)]))
    const config = readConfig({ ...example, ...filled })
    expect(config.mode).toBe('production')
    expect(config.warnings).toEqual([])
    const cloud = variablesOf('deploy/rivet-cloud/headwater.env.example')
    const { engine } = readConfig({ ...example, ...filled, ...cloud })
    expect(engine).toMatchObject({
      endpoint: 'https://api.rivet.dev',
      namespace: 'NAMESPACE',
      token: 'sk_TOKEN',
    })
  })
})

describe('one box', () => {
  it('compose.yaml agrees with the image about port, volume and the time to stop', () => {
    const { headwater, caddy } = compose.services
    expect(headwater.build.dockerfile).toBe(container.dockerfile)
    expect(exists(join('deploy/one-box', headwater.build.context, container.dockerfile))).toBe(true)
    expect(headwater.environment).toMatchObject({
      PDS_PORT: String(container.port),
      PDS_DATA_DIRECTORY: container.volume,
    })
    expect(headwater.volumes).toEqual([`data:${container.volume}`])
    expect(headwater.stop_grace_period).toBe(`${container.stopSeconds}s`)
    expect(headwater.ports).toBeUndefined()
    expect(caddy.environment.UPSTREAM).toBe(`headwater:${container.port}`)
    const named = Object.values(compose.services as Record<string, { volumes: string[] }>)
      .flatMap(({ volumes }) => volumes.map((volume) => volume.split(':')[0]!))
      .filter((name) => !name.startsWith('.'))
    expect([...new Set(named)].sort()).toEqual(Object.keys(compose.volumes).sort())
  })

  it('the nightly backup runs as the server does, on its data, and reaches it by its name', () => {
    const { headwater, backup } = compose.services
    expect(backup).toMatchObject({ image: headwater.image, volumes: headwater.volumes })
    expect(backup.environment).toEqual({
      PDS_DATA_DIRECTORY: container.volume,
      HEADWATER_URL: `http://headwater:${container.port}`,
    })
    expect(backup.command.at(-1)).toContain('; do headwater backup; done')
    const [server, unit] = ['headwater.service', 'headwater-backup.service'].map((name) => {
      const lines = textOf(`deploy/one-box/${name}`).split('\n')
      return Object.fromEntries(
        lines.filter((line) => !line.startsWith('#')).map((line) => line.split(/=(.*)/s)),
      )
    })
    for (const name of ['User', 'Group', 'WorkingDirectory', 'EnvironmentFile', 'ProtectSystem']) {
      expect(unit![name], name).toBe(server![name])
    }
    const [program] = server!['ExecStart'].split(' ')
    expect(unit!['ExecStart']).toBe(`${program} bin/headwater.js backup`)
    expect(unit!['ReadWritePaths']).toContain(`/var/lib/${server!['StateDirectory']} `)
    expect(exists('deploy/one-box/headwater-backup.timer')).toBe(true)
  })

  it('the Caddyfile asks a route of the server before it requests a certificate', () => {
    const caddyfile = textOf('deploy/one-box/Caddyfile')
    const [, path] = /ask http:\/\/\{\$UPSTREAM:[\d.:]+\}(\S+)/.exec(caddyfile) ?? []
    expect(textOf('src/gateway/well-known.ts')).toContain(`app.get('${path}'`)
    const ports = [...caddyfile.matchAll(/\{\$UPSTREAM:127\.0\.0\.1:(\d+)\}/g)]
    expect(ports.map(([, port]) => Number(port))).toEqual([container.port, container.port])
  })

  it('the systemd unit starts what npm start starts, and stops it as the container does', () => {
    const unit = textOf('deploy/one-box/headwater.service')
    const setting = (name: string) => new RegExp(`^${name}=(.*)$`, 'm').exec(unit)?.[1]
    const [program, ...args] = setting('ExecStart')!.split(' ')
    expect(program).toBe(`${setting('WorkingDirectory')}/node_modules/node/bin/node`)
    expect(`exec node ${args.join(' ')}`).toBe(manifest.start)
    expect(setting('TimeoutStopSec')).toBe(String(container.stopSeconds))
    expect(setting('Environment')).toContain(`/var/lib/${setting('StateDirectory')} `)
    const lines = unit.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
    expect(lines.filter((line) => !/^(\[\w+\]|[A-Z]\w+=.*)$/.test(line))).toEqual([])
    const command = textOf('deploy/one-box/headwater')
    expect(command).toContain(` --env-file=${setting('EnvironmentFile')} `)
    expect(command).toContain(`PDS_DATA_DIRECTORY=/var/lib/${setting('StateDirectory')}\n`)
    expect(command).toContain(`exec ${program} `)
    expect(command).toContain(` ${setting('WorkingDirectory')}/bin/headwater.js `)
  })
})

describe('Railway', () => {
  it('every service on Railway builds the image and is asked for its health where it answers', () => {
    expect(railway).toHaveLength(4)
    for (const { path, build, deploy } of railway) {
      expect(build, path).toEqual({
        builder: 'DOCKERFILE',
        dockerfilePath: container.dockerfile,
      })
      expect(deploy['healthcheckPath'], path).toBe(
        path.endsWith('engine.json') ? '/health' : health,
      )
      // Railway refuses a string.
      expect(deploy['drainingSeconds'], path).toBe(container.stopSeconds)
      expect(deploy['overlapSeconds'], path).toBeTypeOf('number')
    }
  })

  it('a service on Railway with a data folder of its own is one process on a volume', () => {
    const { deploy } = railway.find(({ path }) => path === 'deploy/railway/railway.json')!
    expect(deploy['requiredMountPath']).toBe(container.volume)
    expect(deploy['overlapSeconds']).toBe(0)
    expect(deploy['numReplicas'] ?? 1).toBe(1)
  })

  it('on Railway the health check asks on the port on which each process of a cluster answers', () => {
    const folder = 'deploy/railway/cluster'
    const server = variablesOf('deploy/one-box/headwater.env.example')
    const secrets = Object.fromEntries(
      Object.keys(server)
        .filter((name) => /SECRET|PASSWORD|_HEX$/.test(name))
        .map((name) => [name, 'a'.repeat(64)]),
    )
    const shared = variablesOf(`${folder}/server.env.example`)
    const own = {
      RIVET_ENDPOINT: 'http://engine.railway.internal:6420',
      PDS_BLOBSTORE_S3_ENDPOINT: 'https://bucket.example',
    }
    for (const role of ['actors', 'gateway']) {
      const variables = variablesOf(`${folder}/${role}.env.example`)
      const config = readConfig({ ...server, ...secrets, ...shared, ...own, ...variables })
      expect(config.role).toBe(role)
      const port = role === 'actors' ? config.metrics.port : config.gateway.port
      expect(String(port)).toBe(variables['PORT'])
      expect(config.blobs.storage.kind).toBe('s3')
    }
    const engine = variablesOf(`${folder}/engine.env.example`)
    expect(engine['PORT']).toBe(engine['RIVET__GUARD__PORT'])
    expect(shared['RIVET_ENDPOINT']).toMatch(new RegExp(`:${engine['PORT']}$`))
  })
})
