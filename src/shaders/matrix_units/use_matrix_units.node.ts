// Importing this file makes convolutions use the matrix units of a GPU, where there are some: see matrix_units.ts.

import { matrixBlockConv2d } from './matrix_block_conv2d.js';
import { matrixConv2d } from './matrix_conv2d.js';
import { setMatrixConvolutions } from './matrix_units.js';

setMatrixConvolutions({ dense: matrixConv2d, blocks: matrixBlockConv2d });
