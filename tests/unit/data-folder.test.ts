import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { DataFolder, refuseReferenceData } from '#src/data-folder.ts'

let path: string
beforeEach(() => {
  path = mkdtempSync(join(tmpdir(), 'headwater-folder-'))
})
afterEach(() => rmSync(path, { recursive: true }))

describe('a lock', () => {
  it('the lock keeps a second process out of the same role, and names the first', () => {
    using _held = new DataFolder(path).lock(['gateway', 'actors'])
    const refusal = `Another Headwater \\(process ${process.pid}\\) already runs the actors of ${path}`
    expect(() => new DataFolder(path).lock(['actors'])).toThrow(new RegExp(refusal))
  })

  it('the lock lets another process take another role', () => {
    using _gateway = new DataFolder(path).lock(['gateway'])
    using _actors = new DataFolder(path).lock(['actors', 'engine'])
    expect(() => new DataFolder(path).lock(['gateway', 'engine'])).toThrow(/the gateway/)
  })

  it('the lock is taken for all roles or none', () => {
    using _engine = new DataFolder(path).lock(['engine'])
    expect(() => new DataFolder(path).lock(['actors', 'engine'])).toThrow(/RIVET_ENDPOINT/)
    using _actors = new DataFolder(path).lock(['actors'])
  })

  it('the lock is free again after release', () => {
    new DataFolder(path).lock(['gateway'])[Symbol.dispose]()
    using _again = new DataFolder(path).lock(['gateway'])
  })
})

describe('the folder', () => {
  const modeOf = (name: string) => statSync(join(path, name)).mode & 0o777

  it('the folder is closed to other users, also if it existed before', () => {
    mkdirSync(join(path, 'old'))
    chmodSync(join(path, 'old'), 0o755)
    expect(new DataFolder(join(path, 'old')).warnings).toEqual([])
    new DataFolder(join(path, 'new'))
    expect([modeOf('old'), modeOf('new')]).toEqual([0o700, 0o700])
  })

  it('the lock files are closed to other users, also those of earlier versions', () => {
    writeFileSync(join(path, 'gateway.lock'), '', { mode: 0o644 })
    using _locks = new DataFolder(path).lock(['gateway', 'actors'])
    new DataFolder(path).secrets({})
    const names = ['gateway.lock', 'gateway.lock-pid', 'actors.lock', 'secrets.lock']
    expect(names.map(modeOf)).toEqual([0o600, 0o600, 0o600, 0o600])
  })

  it('the folder is named with its variable if it cannot be used', () => {
    writeFileSync(join(path, 'file'), '')
    const refusal = `The data folder ${join(path, 'file', 'x')} (PDS_DATA_DIRECTORY) cannot be used: `
    expect(() => new DataFolder(join(path, 'file', 'x'))).toThrow(`${refusal}a part of the path`)
    expect(() => new DataFolder(join(path, 'file'))).toThrow('PDS_DATA_DIRECTORY')
  })
})

it('a data folder names the process that last had actors in it, unless that stopped in order', () => {
  const folder = new DataFolder(path)
  expect(folder.formerEnvoy()).toBeUndefined()
  folder.noteEnvoy('first')
  expect(new DataFolder(path).formerEnvoy()).toBe('first')
  folder.noteEnvoy(undefined)
  expect(new DataFolder(path).formerEnvoy()).toBeUndefined()
})

it('a data folder has an id of its own, which stays', () => {
  const id = new DataFolder(join(path, 'one')).id()
  expect(id).toMatch(/^[0-9a-f]{32}$/)
  expect(new DataFolder(join(path, 'one')).id()).toBe(id)
  expect(new DataFolder(join(path, 'two')).id()).not.toBe(id)
})

describe('the secrets', () => {
  it('secrets are generated once, readable by this user only', () => {
    const first = new DataFolder(join(path, 'new')).secrets({})
    expect(new DataFolder(join(path, 'new')).secrets({})).toEqual(first)
    expect(new Set(Object.values(first)).size).toBe(6)
    expect(first.plcRotationKeyHex).toMatch(/^[0-9a-f]{64}$/)
    expect(statSync(join(path, 'new', 'secrets.json')).mode & 0o777).toBe(0o600)
    expect(statSync(join(path, 'new')).mode & 0o777).toBe(0o700)
  })

  it('configured secrets are used, and not stored', () => {
    const given = { jwtSecret: 'mine', adminPassword: 'mine too' }
    expect(new DataFolder(path).secrets(given)).toMatchObject(given)
    expect(new DataFolder(path).secrets({}).jwtSecret).not.toBe('mine')
  })

  it('secrets that are new in this version are added to an existing folder', () => {
    writeFileSync(join(path, 'secrets.json'), '{"jwtSecret":"old"}')
    const secrets = new DataFolder(path).secrets({})
    expect(secrets.jwtSecret).toBe('old')
    expect(new DataFolder(path).secrets({}).engineToken).toBe(secrets.engineToken)
  })
})

describe("a reference PDS's data", () => {
  for (const name of ['account.sqlite', 'sequencer.sqlite', 'actors']) {
    it(`a folder with ${name} of the reference PDS is refused, and nothing is written to it`, () => {
      if (name === 'actors') mkdirSync(join(path, name))
      else writeFileSync(join(path, name), '')
      expect(() => refuseReferenceData(path, [])).toThrow(
        `${join(path, name)} belongs to the reference PDS`,
      )
      expect(readdirSync(path)).toEqual([name])
    })
  }

  it('data of the reference PDS outside of the folder is refused if it exists', () => {
    const elsewhere = join(path, 'accounts.db')
    const folder = join(path, 'new')
    refuseReferenceData(folder, [elsewhere])
    writeFileSync(elsewhere, '')
    expect(() => refuseReferenceData(folder, [elsewhere])).toThrow(elsewhere)
  })
})
