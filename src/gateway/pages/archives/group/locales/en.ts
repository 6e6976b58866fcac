/** The texts of the page on archives of a group that are not those of an account, in English. */
export const en = {
  bucketHelp:
    'Once a day, if something has changed, the server puts a signed copy of the group into a bucket: posts and other records, files, and preferences. Members, roles and keys are not in it. Of older copies the last of 7 days, 4 weeks and 12 months are kept.',
  yourBucket: 'Bucket of the group',
  stopped: 'The group is no longer archived.',
  restoreHelp:
    'Keep the folder as it is: each archive has a signed list of what belongs to it. To restore one, give it to the operator of this server, or of another one that runs Headwater. Members and roles stay as they are then.',
} as const

export type GroupArchiveTexts = Record<keyof typeof en, string>
