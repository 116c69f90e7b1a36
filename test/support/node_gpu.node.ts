// Set-up of the tiers that run in Node with a device: adapters come from Dawn.
import '../../src/device/dawn/gpu_provider.node.js';
