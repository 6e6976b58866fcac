import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { DataFolder } from '#src/data-folder.ts'

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
