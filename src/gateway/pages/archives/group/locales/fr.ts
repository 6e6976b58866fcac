/** The texts of the page on archives of a group that are not those of an account, in French. */
import type { GroupArchiveTexts } from '#src/gateway/pages/archives/group/locales/en.ts'

export const fr: GroupArchiveTexts = {
  bucketHelp:
    'Une fois par jour, si quelque chose a changé, le serveur dépose une copie signée du groupe dans un bucket : posts et autres enregistrements, fichiers et préférences. Les membres, les rôles et les clés n’y sont pas. Des copies plus anciennes, les dernières de 7 jours, 4 semaines et 12 mois sont conservées.',
  yourBucket: 'Bucket du groupe',
  stopped: 'Le groupe n’est plus archivé.',
  restoreHelp:
    'Gardez le dossier tel quel : chaque archive a une liste signée de son contenu. Pour en restaurer une, donnez-la à l’administrateur de ce serveur, ou d’un autre qui utilise Headwater. Les membres et les rôles restent alors tels quels.',
}
