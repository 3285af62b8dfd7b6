import type { LaneConfiguration } from '../config/runtime-configuration.ts';
import type { Instrument } from '../market/instrument.ts';
import { MomentumScalper } from './momentum-scalper.ts';
import type { Strategy } from './strategy.ts';

/** The strategies by their name in the configuration. */
export function createStrategy(settings: LaneConfiguration['strategy'], instrument: Instrument): Strategy {
  switch (settings.kind) {
    case 'momentum-scalper':
      return new MomentumScalper(settings, instrument);
  }
}
