/** The keys of archives in a storage: those of an account share its blobs. */
import type { PartName } from '#src/archive/manifest.ts'

export const ACCOUNTS = 'accounts/'

export function folderOf(did: string): string {
  return `${ACCOUNTS}${did}/`
}

export function archivesOf(did: string): string {
  return `${folderOf(did)}archives/`
}

export function partKey(did: string, archive: string, part: PartName | 'manifest.json'): string {
  return `${archivesOf(did)}${archive}/${part}`
}

export function blobsOf(did: string): string {
  return `${folderOf(did)}blobs/`
}

export function blobKey(did: string, cid: string): string {
  return `${blobsOf(did)}${cid}`
}

/** In the order of names, archives are in the order of time. */
export function archiveName(now: number, rev: string): string {
  return `${new Date(now).toISOString().replaceAll(/[-:]|\.\d+/g, '')}-${rev}`
}

/** When the archive was made; undefined if the name is not one of an archive. */
export function timeOf(archive: string): number | undefined {
  const found = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z-[2-7a-z]+$/.exec(archive)
  if (found === null) return undefined
  const [, year, month, day, hour, minute, second] = found
  const time = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`)
  return Number.isNaN(time) ? undefined : time
}
