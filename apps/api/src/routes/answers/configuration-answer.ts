import type { DescribedSetting } from '@sophia/shared';
import Type from 'typebox';
import { answerOf } from './answer-of.ts';
import { MaybeText } from './values.ts';

const SettingSchema = answerOf<DescribedSetting>()(
  Type.Object(
    {
      path: Type.String({ description: 'Place in the configuration file' }),
      variable: Type.String({ description: 'Environment variable' }),
      value: MaybeText,
      in_words: Type.Union([Type.String(), Type.Null()], {
        description: 'What holds, where it is a default that follows from other settings',
      }),
      origin: Type.Enum(['argument', 'environment', 'file', 'default']),
      description: Type.String(),
    },
    { title: 'Setting' },
  ),
);

export const ConfigurationSchema = Type.Object({ settings: Type.Array(SettingSchema) }, { title: 'Configuration' });
